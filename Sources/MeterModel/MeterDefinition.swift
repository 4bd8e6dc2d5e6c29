/// A rule that turns events into a quantity, as the catalog states it.
public struct MeterDefinition: Sendable, Equatable {
  /// Decimal digits a quantity of the meter may have behind the point when the catalog names none.
  public static let defaultScale = 9
  public static let scaleMax = 12

  public enum Aggregate: String, Sendable, Equatable, CaseIterable {
    case count
    case sum
    case max
    case min
    case latest
    case unique
    case timeWeighted = "time_weighted"

    /// Whether an event must carry a `value` for it.
    public var needsValue: Bool { self != .count }
    /// Whether what was counted can be taken back: sums can, extremes and sets forget what made them.
    public var isCorrectable: Bool { self == .count || self == .sum }
  }

  public var name: String
  /// The CloudEvents `type` whose events are measured.
  public var event: String
  public var aggregate: Aggregate
  /// Dotted path below `data`; nil for `count` only.
  public var value: String?
  public var scale: Int
  /// Dotted paths below `data`; each is its key in `usage.dimensions`.
  public var dimensions: [String]
  public var unit: String?
  /// For `time_weighted`: how long a level holds without a new sample; nil is for ever.
  public var hold: TimeSpan?

  /// Fraction digits of the meter's quantities: a count has none, whatever the catalog says.
  public var quantityScale: Int { aggregate == .count ? 0 : scale }

  public init(
    name: String, event: String, aggregate: Aggregate, value: String? = nil, scale: Int = Self.defaultScale,
    dimensions: [String] = [], unit: String? = nil, hold: TimeSpan? = nil
  ) {
    self.name = name
    self.event = event
    self.aggregate = aggregate
    self.value = value
    self.scale = scale
    self.dimensions = dimensions
    self.unit = unit
    self.hold = hold
  }
}
