/// What a meter makes of the events of a window.
public enum OracleAggregate: String, Sendable {
  case count
  case sum
  case max
  case min
  case latest
  case unique
  case timeWeighted = "time_weighted"

  /// Only these can be voided and adjusted.
  var canBeCorrected: Bool {
    self == .count || self == .sum
  }
}

/// A meter of the catalog: a rule that turns the events of one type into a quantity.
public struct OracleMeter: Sendable {
  public let name: OracleText
  public let event: OracleText
  public let aggregate: OracleAggregate
  /// The dotted path below `data` of the value. A `count` meter looks at none.
  public let value: OracleText?
  /// The fraction digits that a value may have, 0 to 12.
  public let scale: Int
  /// Dotted paths below `data`.
  public let dimensions: [OracleText]
  /// How long a level of a `time_weighted` meter holds; nil is for ever.
  public let hold: Duration?

  public init(
    name: OracleText, event: OracleText, aggregate: OracleAggregate, value: OracleText? = nil, scale: Int = 9,
    dimensions: [OracleText] = [], hold: Duration? = nil
  ) {
    precondition((0...12).contains(scale), "a meter's scale is 0 to 12")
    precondition(aggregate == .count || value != nil, "every meter but a count needs the path of its value")
    self.name = name
    self.event = event
    self.aggregate = aggregate
    self.value = value
    self.scale = scale
    self.dimensions = dimensions
    self.hold = hold
  }
}
