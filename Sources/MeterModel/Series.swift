/// A series by name: a keyed 128-bit hash of tenant, meter and dimension values.
///
/// It is the row's key in PostgreSQL too, so that no daemon needs to ask for a number before it counts. It gives up certainty: at
/// 10^9 series two of them collide with a probability of 10^-21. The key is secret to the installation, so that nobody can aim.
public struct SeriesKey: Sendable, Hashable, Comparable {
  public var high: UInt64
  public var low: UInt64

  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  @inlinable
  public static func < (a: SeriesKey, b: SeriesKey) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }
}

/// What a series key stands for.
public struct SeriesDefinition: Sendable, Equatable {
  public var key: SeriesKey
  public var tenant: [UInt8]
  public var meter: MeterID
  /// The meter's dimensions, and the value of each.
  public var paths: [String]
  public var values: [[UInt8]]

  public init(key: SeriesKey, tenant: [UInt8], meter: MeterID, paths: [String], values: [[UInt8]]) {
    self.key = key
    self.tenant = tenant
    self.meter = meter
    self.paths = paths
    self.values = values
  }
}

/// A meter's number in PostgreSQL. Meters are never altered, so the number says everything for ever.
public struct MeterID: Sendable, Hashable {
  public var number: Int32
  @inlinable
  public init(_ number: Int32) { self.number = number }
}

/// A meter of the catalog with its number.
public struct Meter: Sendable, Equatable {
  public var id: MeterID
  public var definition: MeterDefinition
  /// Whether any plan says something of its totals.
  public var isLimited: Bool

  public init(id: MeterID, definition: MeterDefinition, isLimited: Bool = false) {
    self.id = id
    self.definition = definition
    self.isLimited = isLimited
  }
}
