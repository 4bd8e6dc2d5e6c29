import Synchronization

/// Keeps lines in memory, for tests. Beyond `linesMax` the oldest are forgotten.
public final class LogMemory: LogSink {
  public static let linesMax = 10_000
  private let kept = Mutex<[String]>([])

  public init() {}

  public func write(_ line: [UInt8]) {
    let text = String(decoding: line.last == UInt8(ascii: "\n") ? line.dropLast() : line[...], as: UTF8.self)
    kept.withLock { lines in
      if lines.count == Self.linesMax { lines.removeFirst(Self.linesMax / 10) }
      lines.append(text)
    }
  }

  /// The lines so far, oldest first, without their newlines.
  public var lines: [String] { kept.withLock { $0 } }
}
