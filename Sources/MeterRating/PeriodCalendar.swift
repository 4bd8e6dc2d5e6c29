import MeterModel

/// One usage period of a subscription.
public struct UsagePeriod: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case trial
    case month
  }

  /// Counted from 0; a trial is the first.
  public var number: Int
  public var kind: Kind
  public var start: Instant
  /// The first instant that is not in it.
  public var end: Instant
}

/// The usage periods of a subscription.
///
/// A month keeps the day and the local time of the first one, and is clamped to the last day of a month that is too short, without drifting:
/// every start is worked out from the first, never from the one before. A day has as many hours as the zone gives it.
public struct PeriodCalendar: Sendable {
  /// A start or end that does not lie on a window's boundary.
  public struct Misfit: Sendable, Hashable {
    public var first: Instant
    /// The longest window that all would lie on; nil if there is none.
    public var window: TimeSpan?
  }

  private static let second: Int64 = 1_000_000_000
  /// How far ahead a subscription without an end is looked at.
  private static let monthsAhead = 50 * 12

  public let zone: TimeZoneTable
  public let startsAt: Instant
  public let endsAt: Instant?
  public let trialEnd: Instant?
  /// Where the months begin.
  public let anchor: Instant
  private let date: CivilDate
  private let secondOfDay: Int64

  public init(zone: TimeZoneTable, startsAt: Instant, trial: Trial? = nil, endsAt: Instant? = nil) {
    self.zone = zone
    self.startsAt = startsAt
    self.endsAt = endsAt
    trialEnd = trial.map { Self.end(of: $0, from: startsAt, zone) }
    anchor = trialEnd ?? startsAt
    (date, secondOfDay) = Self.local(anchor, zone)
  }

  /// Of several trials, such as a plan's and a subscription's own, the one that ends last.
  public static func longest(_ trials: [Trial], from start: Instant, _ zone: TimeZoneTable) -> Trial? {
    trials.max { end(of: $0, from: start, zone) < end(of: $1, from: start, zone) }
  }

  /// When month `number`, counted from 0, begins.
  public func start(ofMonth number: Int) -> Instant {
    // The first one begins where it was said to, also where the clock shows that twice.
    number == 0 ? anchor : Self.instant(date.adding(months: number), secondOfDay, anchor, zone)
  }

  /// Nil behind the subscription's end.
  public func period(_ number: Int) -> UsagePeriod? {
    guard number >= 0 else { return nil }
    if let trialEnd, number == 0 {
      return clamped(UsagePeriod(number: 0, kind: .trial, start: startsAt, end: trialEnd))
    }
    let month = trialEnd == nil ? number : number - 1
    return clamped(
      UsagePeriod(number: number, kind: .month, start: start(ofMonth: month), end: start(ofMonth: month + 1)))
  }

  /// The period that an instant lies in; nil outside the subscription.
  public func period(containing instant: Instant) -> UsagePeriod? {
    guard instant >= startsAt, endsAt.map({ instant < $0 }) ?? true else { return nil }
    if let trialEnd, instant < trialEnd { return period(0) }
    let (now, _) = Self.local(instant, zone)
    var month = max(0, (now.year - date.year) * 12 + now.month - date.month - 1)
    while start(ofMonth: month + 1) <= instant { month += 1 }
    return period(trialEnd == nil ? month : month + 1)
  }

  /// What a fee is for: twelve months, or one.
  public func feePeriod(_ number: Int, months: Int) -> (start: Instant, end: Instant) {
    (start(ofMonth: number * months), start(ofMonth: (number + 1) * months))
  }

  /// The same subscription with a longer trial, as it is decided at an instant; nil when the trial has ended by then.
  public func extended(to trial: Trial, at instant: Instant) -> PeriodCalendar? {
    guard let trialEnd, instant < trialEnd else { return nil }
    let next = PeriodCalendar(zone: zone, startsAt: startsAt, trial: trial, endsAt: endsAt)
    return next.anchor >= trialEnd ? next : nil
  }

  /// Looks to the subscription's end, or fifty years ahead.
  public func misfit(window: TimeSpan) -> Misfit? {
    let (bounds, grid) = (bounds(), WindowGrid(length: window))
    return bounds.first { !grid.hasBoundary(at: $0) }.map {
      Misfit(first: $0, window: WindowGrid.length(on: bounds))
    }
  }

  private func bounds() -> [Instant] {
    var bounds = [startsAt]
    var number = 0
    while number <= Self.monthsAhead, let period = period(number) {
      bounds.append(period.end)
      number += 1
    }
    return bounds
  }

  private func clamped(_ period: UsagePeriod) -> UsagePeriod? {
    guard let endsAt else { return period }
    guard period.start < endsAt else { return nil }
    var period = period
    period.end = min(period.end, endsAt)
    return period
  }

  private static func end(of trial: Trial, from start: Instant, _ zone: TimeZoneTable) -> Instant {
    switch trial {
    case .span(let span): return start.saturatingAdding(span)
    case .days(let days):
      let (date, second) = local(start, zone)
      return instant(CivilDate(daysSince1970: date.daysSince1970 + days), second, start, zone)
    }
  }

  private static func local(_ instant: Instant, _ zone: TimeZoneTable) -> (CivilDate, Int64) {
    let local = zone.local(floored(instant))
    let day = (local >= 0 ? local : local - 86_399) / 86_400
    return (CivilDate(daysSince1970: Int(day)), local - day * 86_400)
  }

  private static func floored(_ instant: Instant) -> Int64 {
    let (quotient, remainder) = instant.nanoseconds.quotientAndRemainder(dividingBy: second)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// `like` says what stands behind the second, which fits no window but must not vanish before that is said.
  private static func instant(
    _ date: CivilDate, _ secondOfDay: Int64, _ like: Instant, _ zone: TimeZoneTable
  ) -> Instant {
    let seconds = zone.seconds(atLocal: Int64(date.daysSince1970) * 86_400 + secondOfDay)
    return Instant(nanoseconds: seconds * second + like.nanoseconds - floored(like) * second)
  }
}
