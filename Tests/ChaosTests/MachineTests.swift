import Foundation
import TestStack
import Testing

@testable import Chaos

/// The clock and the disk that faults are made of.
@Suite struct MachineTests {
  private static let hasClock = SteppedClock.preload != nil

  @Test(.enabled("libSteppedClock.so was not built") { hasClock })
  func `a program's wall clock steps while it runs, and its waits do not`() throws {
    let folder = try TemporaryFolder("clock")
    defer { folder.remove() }
    let clock = try SteppedClock(in: folder, number: 1)
    let script = "while date +%s; do sleep 0.05; done"
    let child = try ChildProcess("/bin/sh", ["-c", script], environment: clock.environment(SteppedClock.preload ?? ""))
    defer { child.send(SIGKILL) }
    func told(_ from: Int) throws -> Int {
      Int(try child.waitForLine(matching: /^\d+$/, from: from).text) ?? 0
    }
    #expect(abs(try told(0) - Int(Date().timeIntervalSince1970)) < 60)
    for offset in [-2_500_000, 3_500_000] as [Int64] {
      try clock.set(offset)
      let next = child.nextLine
      // One may have been under way.
      #expect(abs(try told(next + 1) - Int(Date().timeIntervalSince1970) - Int(offset)) < 60)
    }
  }

  @Test(.enabled("a small disk can be mounted by root only") { SmallDisk.isPossible })
  func `a small disk is full at a word and has room again at another`() throws {
    let folder = try TemporaryFolder("disk")
    defer { folder.remove() }
    let place = folder.path(of: "disk")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    try Data(count: 100_000).write(to: URL(fileURLWithPath: "\(place)/before"))
    let disk = try SmallDisk(at: place, mebibytes: 8)
    defer { disk.unmount() }
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(place)/before")).count == 100_000)
    try disk.fill()
    #expect(throws: (any Error).self) { try Data(count: 50_000).write(to: URL(fileURLWithPath: "\(place)/during")) }
    try disk.free()
    try Data(count: 50_000).write(to: URL(fileURLWithPath: "\(place)/after"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(place)/after")).count == 50_000)
  }
}
