/// What `meterd-lab load` is told.
public struct LoadOptions: Sendable {
  public enum Target: Sendable {
    case topic(ProducerOptions)
    case file(path: String, FileFormat)
  }

  public enum FileFormat: Sendable, Equatable {
    /// What a copy of a topic with this many partitions looks like: a tenant is where Kafka's clients would put it, and
    /// offsets count from 0.
    case records(partitions: Int)
    /// The bare values, one a line; what is malformed may hold anything but a line feed.
    case events
  }

  public enum Clock: String, Sendable, CaseIterable {
    /// The stream's own, from its start at its rate: the same bytes every time.
    case stream
    /// The machine's at each event, as a daemon that watches the present needs it.
    case wall
  }

  public static let rateMax = 100_000_000.0
  public static let partitionsMax = 10_000

  public var stream = EventStreamOptions()
  public var target: Target
  public var clock = Clock.wall
  /// Events a second, evenly paced; nil is as fast as it goes.
  public var rate: Double?
  /// The end, whichever comes first. With neither it runs until it is told to stop, which a file refuses.
  public var count: Int?
  public var seconds: Double?
  /// Each acknowledged record also goes to a record file here.
  public var copy: String?
  public var summaryAsJSON = false
  public var showsProgress = true
  /// Where the summary goes.
  public var output: Int32 = 1
  /// Where progress goes.
  public var diagnostics: Int32 = 2

  public init(target: Target) { self.target = target }

  func validate() throws(LabError) {
    try stream.validate()
    if let rate, !(rate > 0 && rate <= Self.rateMax) {
      throw .option(name: "rate", value: "\(rate)", bound: "above 0 to \(Int(Self.rateMax)) events a second")
    }
    if let count, count < 0 { throw .option(name: "count", value: "\(count)", bound: "at least 0") }
    if let seconds, !(seconds > 0 && seconds <= 31_536_000) {
      throw .option(name: "seconds", value: "\(seconds)", bound: "above 0 to 31536000")
    }
    guard case .file(_, let format) = target else { return }
    if count == nil, seconds == nil {
      throw .option(name: "count", value: "none", bound: "a file needs a count or seconds, or it would fill the disk")
    }
    if copy != nil { throw .option(name: "copy", value: copy ?? "", bound: "only for a topic") }
    if case .records(let partitions) = format, !(1...Self.partitionsMax).contains(partitions) {
      throw .option(name: "partitions", value: "\(partitions)", bound: "1 to \(Self.partitionsMax)")
    }
  }
}
