/// What an `EventStream` is a function of.
public struct EventStreamOptions: Sendable, Equatable {
  /// A value must fit a Kafka message of default size, 1,000,000 bytes, with room for key and framing.
  public static let paddedBytesMax = 900_000
  public static let reachMax = 1 << 20

  public var seed: UInt64 = 1
  /// Tenants, `tenant-0001` being the heaviest.
  public var tenants = 1_000
  /// 0 makes all tenants alike; at 1 the first of a thousand has an eighth of all events.
  public var tenantExponent = 1.0
  /// How steeply endpoints, models and chains differ.
  public var nameExponent = 1.0
  /// The instant of the first event, in nanoseconds since 1970.
  public var startNs: Int64 = 1_767_225_600_000_000_000
  /// How fast the stream's own clock moves; it has no bearing on how fast events are made.
  public var eventsPerSecond = 1_000.0
  /// Shares of all events, 0 to 1, together at most 1. The first event is always punctual.
  public var duplicateShare = 0.0
  public var lateShare = 0.0
  public var malformedShare = 0.0
  /// How many events back the original of a duplicate may lie. Only when none of many draws there is well-formed, as
  /// with shares near 1, is it the stream's first event, however long ago.
  public var duplicateReach = 10_000
  /// Events shorter than this get a `padding` member that makes them this long; 0 adds none.
  public var paddedBytes = 0

  public init() {}

  /// The least time between events is a nanosecond, the longest a day.
  var intervalNs: Int64 { Int64((1e9 / eventsPerSecond).rounded()) }

  public func validate() throws(LabError) {
    try require((1...ZipfTable.countMax).contains(tenants), "tenants", tenants, "1 to \(ZipfTable.countMax)")
    try require((0...ZipfTable.exponentMax).contains(tenantExponent), "tenant exponent", tenantExponent, "0 to 8")
    try require((0...ZipfTable.exponentMax).contains(nameExponent), "name exponent", nameExponent, "0 to 8")
    try require(
      (EventStream.startNsMin...EventStream.startNsMax).contains(startNs), "start", startNs,
      "1971 to 2200 in nanoseconds since 1970")
    try require((1.0 / 86_400...1e9).contains(eventsPerSecond), "events per second", eventsPerSecond, "1/86400 to 1e9")
    let shares = [("duplicates", duplicateShare), ("late", lateShare), ("malformed", malformedShare)]
    for (name, share) in shares { try require((0...1).contains(share), name, share, "0 to 1") }
    let together = duplicateShare + lateShare + malformedShare
    try require(together <= 1.000_000_001, "duplicates, late and malformed together", together, "at most 1")
    try require(
      (1...Self.reachMax).contains(duplicateReach), "duplicate reach", duplicateReach, "1 to \(Self.reachMax) events")
    try require(
      (0...Self.paddedBytesMax).contains(paddedBytes), "padded size", paddedBytes, "0 to \(Self.paddedBytesMax) bytes")
  }

  private func require(
    _ holds: Bool, _ name: String, _ value: some CustomStringConvertible, _ bound: String
  ) throws(LabError) {
    if !holds { throw .option(name: name, value: value.description, bound: bound) }
  }
}
