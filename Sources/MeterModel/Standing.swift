/// A tenant at an instant, by a window: what a lane asks about before it counts for it.
public struct TenantPlace: Sendable, Hashable {
  public var tenant: [UInt8]
  public var key: SeriesKey
  public var window: Int32

  public init(tenant: [UInt8], key: SeriesKey, window: Int32) {
    self.tenant = tenant
    self.key = key
    self.window = window
  }
}

/// What the database knows of a tenant's limits around a window.
public struct Standing: Sendable, Equatable {
  /// One limited meter in one period.
  public struct Account: Sendable, Equatable {
    public var period: PeriodID
    public var meter: MeterID
    /// The windows of the period.
    public var windows: Range<Int32>
    public var rule: LimitRule
    /// What the partition has committed for it, in units of the meter's scale.
    public var total: Int128
    public var told: [LimitStanding.Told]
    /// Whether the lane is to judge it by itself.
    public var isOwn: Bool
    public var kind: Kind
    /// Of a level: the last one known of each series before the period's end, which the total is the sum of.
    public var levels: [Level]

    /// What a total is made of.
    public enum Kind: Sendable, Hashable {
      case sum, largest, level
    }

    public struct Level: Sendable, Equatable {
      public var series: SeriesKey
      public var moment: RollupDelta.Moment
      public var units: Int128

      public init(series: SeriesKey, moment: RollupDelta.Moment, units: Int128) {
        self.series = series
        self.moment = moment
        self.units = units
      }
    }

    public init(
      period: PeriodID, meter: MeterID, windows: Range<Int32>, rule: LimitRule, total: Int128,
      told: [LimitStanding.Told] = [], isOwn: Bool = true, kind: Kind = .sum, levels: [Level] = []
    ) {
      self.period = period
      self.meter = meter
      self.windows = windows
      self.rule = rule
      self.total = total
      self.told = told
      self.isOwn = isOwn
      self.kind = kind
      self.levels = levels
    }
  }

  public var key: SeriesKey
  /// In these windows nothing else limits the tenant.
  public var windows: Range<Int32>
  public var accounts: [Account]

  public init(key: SeriesKey, windows: Range<Int32>, accounts: [Account]) {
    self.key = key
    self.windows = windows
    self.accounts = accounts
  }
}

/// What was asked about several tenants, as of one moment.
public struct Standings: Sendable, Equatable {
  public var all: [Standing]
  /// The last flush of the partition that the totals hold.
  public var flush: Int64

  public init(all: [Standing], flush: Int64) {
    self.all = all
    self.flush = flush
  }
}
