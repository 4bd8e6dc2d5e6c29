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

  /// librdkafka is made of C's own threads, libpq and Swift of POSIX's.
  @Test(
    .enabled("libSteppedClock.so was not built") { hasClock }, arguments: ["cnd_timedwait", "pthread_cond_timedwait"])
  func `a wait until a second from now takes a second, wherever the clock was set`(_ wait: String) throws {
    let folder = try TemporaryFolder("wait")
    defer { folder.remove() }
    let script = """
      import ctypes, time
      library = ctypes.CDLL(None)
      condition, mutex, until = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64), (ctypes.c_long * 2)()
      library.timespec_get(until, 1)
      until[0] += 1
      began = time.monotonic()
      library.pthread_mutex_lock(mutex)
      library.\(wait)(condition, mutex, until)
      print(int((time.monotonic() - began) * 1000))
      """
    for (number, offset) in ([0, -600, 7_200] as [Int64]).enumerated() {
      let clock = try SteppedClock(in: folder, number: number)
      try clock.set(offset)
      let child = try ChildProcess(
        "/usr/bin/python3", ["-c", script], environment: clock.environment(SteppedClock.preload ?? ""))
      let milliseconds = Int(try child.waitForLine(matching: /^\d+$/).text) ?? 0
      #expect((900..<30_000).contains(milliseconds), "\(milliseconds) ms under a step of \(offset) s")
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
