/// How large the world is that is searched. Faults have no bound but one: crashes, failures, cuts and rebalances may come any number
/// of times, and only the statements that are on their late way at one moment are counted.
public struct Scope: Sendable {
  /// The events of the log by the number of their identity: the same number twice is the same event sent twice.
  public var events: [UInt8]
  /// Statements of broken connections and dead processes that may still reach the server: none, one or two at a time.
  public var lateMax: Int
  /// Whether steps are told apart, and leftovers kept, that make no difference; see `Rulebook`. Costs twenty times as much or
  /// more, and is there to be compared with.
  public var isLiteral: Bool

  public init(events: [UInt8], lateMax: Int, isLiteral: Bool = false) {
    precondition(events.count <= Counts.recordsMax && events.allSatisfy { $0 < 8 }, "a record has two bits in a byte")
    precondition(!events.isEmpty && lateMax <= 2, "a state has room for two late statements")
    self.events = events
    self.lateMax = lateMax
    self.isLiteral = isLiteral
  }

  /// For a test: an event, another, and the first once more.
  public static let small = Scope(events: [0, 1, 0], lateMax: 1)
  /// Two flushes for each daemon, or four for one.
  public static let large = Scope(events: [0, 1, 0, 2], lateMax: 2)

  /// An event and the same once more.
  public static let literal = Scope(events: [0, 0], lateMax: 1, isLiteral: true)

  var end: UInt8 { UInt8(events.count) }

  /// What a single run without faults has counted of the log up to an offset.
  func counts(below offset: UInt8) -> Counts {
    var counts = Counts()
    for record in 0..<offset { counts.count(record, of: events[Int(record)], remembered: counts.identities) }
    counts.to = offset
    return counts
  }
}
