import Synchronization

/// One line that a program wrote, without its end.
public struct OutputLine: Sendable, CustomStringConvertible {
  public enum Stream: String, Sendable { case output, error }

  /// Counts from 0 over both streams, also over lines that are no longer kept.
  public let number: Int
  public let stream: Stream
  /// Since the program's start.
  public let at: Duration
  public let text: String

  public var description: String { "\(Deadline.milliseconds(at)) ms \(stream == .output ? "|" : "!") \(text)" }
}

/// The newest lines of a program, bounded by count and by bytes.
struct LineLog: Sendable {
  /// A line beyond this is cut, so that a program that writes no line ends cannot fill the memory.
  static let lineBytesMax = 1 << 20

  let linesMax: Int
  let bytesMax: Int
  private(set) var lines: [OutputLine] = []
  private(set) var dropped = 0
  private var bytes = 0
  private var rest: [OutputLine.Stream: [UInt8]] = [:]
  private let start = ContinuousClock.now

  init(linesMax: Int = 20_000, bytesMax: Int = 64 << 20) {
    self.linesMax = linesMax
    self.bytesMax = bytesMax
  }

  mutating func append(_ chunk: ArraySlice<UInt8>, from stream: OutputLine.Stream) {
    var open = rest.removeValue(forKey: stream) ?? []
    for part in chunk.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
      open += part.prefix(max(0, LineLog.lineBytesMax - open.count))
      keep(open, from: stream)
      open = []
    }
    let tail = chunk.lastIndex(of: 10).map { chunk[($0 + 1)...] } ?? chunk
    open += tail.prefix(max(0, LineLog.lineBytesMax - open.count))
    rest[stream] = open
  }

  /// What a program wrote last may lack its line end.
  mutating func finish(_ stream: OutputLine.Stream) {
    if let open = rest.removeValue(forKey: stream), !open.isEmpty { keep(open, from: stream) }
  }

  private mutating func keep(_ text: [UInt8], from stream: OutputLine.Stream) {
    lines.append(
      OutputLine(
        number: dropped + lines.count, stream: stream, at: start.duration(to: .now),
        text: String(decoding: text, as: UTF8.self)))
    bytes += text.count
    // A tenth goes at once, so that a full log does not move all its lines for each new one.
    if lines.count > linesMax || bytes > bytesMax {
      let leaving = max(1, lines.count / 10)
      bytes -= lines.prefix(leaving).reduce(0) { $0 + $1.text.utf8.count }
      lines.removeFirst(leaving)
      dropped += leaving
    }
  }

  /// For failure messages: the newest lines.
  func dump(last count: Int) -> String {
    let earlier = dropped + max(0, lines.count - count)
    return (earlier > 0 ? ["  … \(earlier) earlier lines"] : []).joined()
      + lines.suffix(count).map { "\n  \($0)" }.joined()
  }
}
