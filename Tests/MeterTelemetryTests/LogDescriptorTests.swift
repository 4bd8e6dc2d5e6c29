import Foundation
import Testing

@testable import MeterTelemetry

@Suite struct LogDescriptorTests {
  private func makePipe(nonBlocking: Bool = false) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    unsafe ends.withUnsafeMutableBufferPointer { _ = unsafe pipe($0.baseAddress) }
    if nonBlocking { for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) } }
    return (ends[0], ends[1])
  }

  private func drain(_ descriptor: Int32, upTo bytesMax: Int = 1 << 20) -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while all.count < bytesMax {
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if count <= 0 { break }
      all.append(contentsOf: chunk[..<count])
    }
    return all
  }

  @Test func `a closed pipe is no reason to end`() {
    let ends = makePipe()
    let sink = LogDescriptor(ends.write)
    close(ends.read)
    sink.write(Array("lost\n".utf8))
    close(ends.write)
    sink.write(Array("lost too\n".utf8))
    #expect(sink.linesLost == 2)
  }

  @Test func `a full pipe loses lines, tears one at most, and goes on when it is read`() {
    let ends = makePipe(nonBlocking: true)
    defer {
      close(ends.read)
      close(ends.write)
    }
    let sink = LogDescriptor(ends.write)
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 5000) + [UInt8(ascii: "\n")]
    for _ in 0..<40 { sink.write(line) }
    #expect(sink.linesLost > 0)
    let before = drain(ends.read)
    sink.write(Array("alive\n".utf8))
    let after = drain(ends.read)
    let lines = (before + after).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    #expect(lines.last == "alive")
    #expect(lines.dropLast().filter { $0.utf8.count != 5000 }.count <= 1)
  }

  @Test func `lines of many threads never mix`() {
    let ends = makePipe()
    let sink = LogDescriptor(ends.write)
    // Threads of their own: a writer waits for the reader, and all of a small machine's shared ones may be writers.
    for writer in 0..<8 {
      Thread.detachNewThread {
        let letter = UInt8(ascii: "a") + UInt8(writer)
        for _ in 0..<50 { sink.write([UInt8](repeating: letter, count: 6000) + [UInt8(ascii: "\n")]) }
      }
    }
    let lines = drain(ends.read, upTo: 8 * 50 * 6001).split(separator: UInt8(ascii: "\n"))
    close(ends.write)
    close(ends.read)
    #expect(lines.count == 400)
    #expect(lines.allSatisfy { Set($0).count == 1 })
  }
}
