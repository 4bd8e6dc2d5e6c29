/// A part of the past that the core must be told about before it can count in it.
///
/// For a meter with dimensions that is a whole group, all series of one tenant and meter in one window: whether a value is new there, and
/// whether there is room for it, rests on all of them. A meter without dimensions has one series, which is asked for alone.
public struct ColdKey: Sendable, Hashable {
  /// `SeriesName.group` of tenant and meter; zero for a single series.
  public var group: UInt64
  /// All zeros for a group.
  public var series: SeriesKey
  public var window: Int32

  public init(group: UInt64, window: Int32) {
    self.group = group
    series = SeriesKey(high: 0, low: 0)
    self.window = window
  }

  public init(series: SeriesKey, window: Int32) {
    group = 0
    self.series = series
    self.window = window
  }

  public var isGroup: Bool { group != 0 }
}

/// A series that the database has in a cold window.
public struct StoredSum: Sendable, Equatable {
  public var key: ColdKey
  public var series: SeriesKey
  /// What was committed, in units of the meter's scale; zero for aggregates that do not add up.
  public var units: Int128

  public init(key: ColdKey, series: SeriesKey, units: Int128) {
    self.key = key
    self.series = series
    self.units = units
  }
}
