/// A usage period as the database knows it.
public struct PeriodID: Sendable, Hashable {
  public var number: Int64
  public init(_ number: Int64) { self.number = number }
}

/// What a plan in force says of a tenant's use of one meter in a period, and where that leads.
public struct LimitRule: Sendable, Hashable {
  /// A plan's version by its number in PostgreSQL.
  public var plan: Int32
  public var terms: LimitTerms
  public var scale: Int
  public var ladder: [LimitThreshold]

  public init(plan: Int32, terms: LimitTerms, scale: Int) {
    self.plan = plan
    self.terms = terms
    self.scale = scale
    ladder = LimitThreshold.ladder(terms, scale: scale)
  }
}

/// Something to be told of a tenant's use of a meter in a period.
public struct Crossing: Sendable, Equatable {
  public var period: PeriodID
  public var meter: MeterID
  public var rule: LimitRule
  public var event: LimitStanding.Event
  /// The total that did it.
  public var used: Quantity
  /// What was counted when it was reached; nil where no event caused it.
  public var cause: Cause?

  public struct Cause: Sendable, Equatable {
    public var event: [UInt8]
    public var offset: Int64

    public init(event: [UInt8], offset: Int64) {
      self.event = event
      self.offset = offset
    }
  }

  public init(
    period: PeriodID, meter: MeterID, rule: LimitRule, event: LimitStanding.Event, used: Quantity, cause: Cause?
  ) {
    self.period = period
    self.meter = meter
    self.rule = rule
    self.event = event
    self.used = used
    self.cause = cause
  }
}

/// A total that moved and that a lane does not judge: it does not add up, or others count for it too.
public struct Reviewed: Sendable, Equatable {
  public var period: PeriodID
  public var meter: MeterID
  /// The last event that was counted for it.
  public var cause: Crossing.Cause

  public struct Subject: Sendable, Hashable, Comparable {
    private var period: Int64
    private var meter: Int32

    public init(period: PeriodID, meter: MeterID) { (self.period, self.meter) = (period.number, meter.number) }

    public static func < (a: Subject, b: Subject) -> Bool { (a.period, a.meter) < (b.period, b.meter) }
  }

  public var subject: Subject { Subject(period: period, meter: meter) }

  public init(period: PeriodID, meter: MeterID, cause: Crossing.Cause) {
    self.period = period
    self.meter = meter
    self.cause = cause
  }
}
