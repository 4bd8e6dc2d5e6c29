import Foundation
import Synchronization
import TestStack

/// The wall clock of one daemon, which can be stepped while it runs.
final class SteppedClock: Sendable {
  /// In `LD_PRELOAD`; nil where it has not been built.
  static var preload: String? {
    let named = ProcessInfo.processInfo.environment["METERD_STEPPED_CLOCK"] ?? ""
    let path = named.isEmpty ? "\(Programs.built)/libSteppedClock.so" : named
    return FileManager.default.isReadableFile(atPath: path) ? path : nil
  }

  private let path: String
  private let seconds = Mutex<Int64>(0)

  init(in folder: TemporaryFolder, number: Int) throws {
    path = folder.path(of: "clock-\(number)")
    guard FileManager.default.createFile(atPath: path, contents: Data(count: 8)) else {
      throw StackFailure(at: "stepped clock", "cannot write '\(path)'")
    }
  }

  /// What a program needs in its environment to live by this clock.
  func environment(_ preload: String) -> [String: String] { ["LD_PRELOAD": preload, "STEPPED_CLOCK": path] }

  /// From here on the daemon's wall clock is so far off the machine's. Eight bytes that are written at once are read at once.
  func set(_ offset: Int64) throws {
    seconds.withLock { $0 = offset }
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? file.close() }
    let nanoseconds = offset * 1_000_000_000
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: nanoseconds >> (8 * Int64($0))) }
    try file.write(contentsOf: bytes)
  }

  var offset: Int64 { seconds.withLock { $0 } }
}
