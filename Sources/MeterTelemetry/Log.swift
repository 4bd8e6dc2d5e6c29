import Synchronization

/// Structured lines for operators, one JSON object a line: `ts`, `level`, `msg`, then fields.
///
/// A message is a constant of the program and says what happened; values that came from outside go into fields,
/// typed, so that they are escaped, bounded and searchable, and so that repeats of a message are recognised. A line
/// that is below the level costs one atomic load: neither message nor fields are then made. There is no global log:
/// the program makes one and hands it on, and `with` gives a room its own with fields that all its lines carry.
public struct Log: Sendable {
  private final class Root: Sendable {
    let threshold: Atomic<UInt8>
    let format: LogFormat
    let sink: any LogSink
    let clock: @Sendable () -> Int64
    let repeats = Mutex(LogRepeats())

    init(_ level: LogLevel, _ format: LogFormat, _ sink: any LogSink, _ clock: @escaping @Sendable () -> Int64) {
      threshold = Atomic(level.rank)
      self.format = format
      self.sink = sink
      self.clock = clock
    }
  }

  private let root: Root
  private let fields: LogFields

  /// `clock` gives nanoseconds since 1970.
  public init(
    level: LogLevel = .info, format: LogFormat = .json, sink: any LogSink = LogDescriptor.standardError,
    clock: @escaping @Sendable () -> Int64 = WallClock.now
  ) {
    self.init(root: Root(level, format, sink, clock), fields: [:])
  }

  private init(root: Root, fields: LogFields) {
    self.root = root
    self.fields = fields
  }

  /// A log whose every line carries these fields too. Level, sink and clock stay shared with this one.
  public func with(_ fields: LogFields) -> Log { Log(root: root, fields: self.fields.adding(fields)) }

  /// The lowest level that is written. Setting it counts at once for this log and all made from it or it was made from.
  public var level: LogLevel {
    get {
      let rank = root.threshold.load(ordering: .relaxed)
      return LogLevel.allCases.first { $0.rank == rank } ?? .info
    }
    nonmutating set { root.threshold.store(newValue.rank, ordering: .relaxed) }
  }

  public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
    log(.debug, message(), fields())
  }

  public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
    log(.info, message(), fields())
  }

  public func warn(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
    log(.warn, message(), fields())
  }

  public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
    log(.error, message(), fields())
  }

  public func log(
    _ level: LogLevel, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
  ) {
    guard level.rank >= root.threshold.load(ordering: .relaxed) else { return }
    write(level, message(), fields())
  }

  /// Writes the counts of what is still held back. For the end of the program.
  public func drain() {
    let now = root.clock()
    settle(root.repeats.withLock { $0.drain() }, at: now)
  }

  private func write(_ level: LogLevel, _ message: String, _ fields: LogFields) {
    let now = root.clock()
    let (suppressed, owed) = root.repeats.withLock { repeats in
      let suppressed = repeats.admit(LogRepeats.Key(level: level, message: message), at: now)
      return (suppressed, repeats.sweep(at: now))
    }
    settle(owed, at: now)
    guard let suppressed else { return }
    let all = self.fields.adding(fields)
    root.sink.write(LogLine.make(root.format, at: now, level, message, all, suppressed: suppressed))
  }

  private func settle(_ owed: [(LogRepeats.Key, suppressed: Int64)], at now: Int64) {
    for (key, suppressed) in owed {
      root.sink.write(LogLine.make(root.format, at: now, key.level, key.message, [:], suppressed: suppressed))
    }
  }
}
