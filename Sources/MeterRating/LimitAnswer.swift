import MeterModel

/// Whether so much more may be used, and what there is to know about it.
public struct LimitAnswer: Sendable, Equatable {
  public enum Reason: Sendable, Equatable {
    case withinLimit, noLimit, withinGrace, overage, throttled, overLimit
  }

  public var isAllowed: Bool
  public var reason: Reason
  /// Nil where there is no limit; in units of the meter's scale, rounded down.
  public var remaining: Int128?
  /// Hundredths of a percent, rounded down; nil where the limit is 0 or none.
  public var percent: Int128?
  /// The highest warning that is reached.
  public var warning: Quantity?
  public var isThrottled: Bool

  /// `used` and `amount` are in units of the meter's scale.
  public init(_ terms: LimitTerms, scale: Int, used: Int128, reserved: Int128, amount: Int128) {
    let ladder = LimitThreshold.ladder(terms, scale: scale)
    warning = ladder.last { $0.kind == .warning && used >= $0.reach }?.percent
    guard let mode = terms.mode else {
      (isAllowed, reason, remaining, percent, isThrottled) = (true, .noLimit, nil, nil, false)
      return
    }
    let at = Self.floor(terms.at, scale)
    let next = used + reserved + amount
    remaining = max(0, at - used - reserved)
    percent = Self.percent(used, of: terms.at, scale)
    isThrottled = mode == .throttle && Self.isAbove(next, terms.at, scale)
    let exceeded = ladder.first { $0.kind == .exceeded }
    switch mode {
    case .block:
      let fits = amount <= 0 && next <= at || exceeded.map { next < $0.reach || next <= 0 } ?? true
      isAllowed = fits
      reason = !fits ? .overLimit : Self.isAbove(next, terms.at, scale) ? .withinGrace : .withinLimit
    case .throttle:
      isAllowed = true
      reason = isThrottled ? .throttled : .withinLimit
    case .overage:
      isAllowed = true
      reason = Self.isAbove(next, terms.included, scale) ? .overage : .withinLimit
    case .notify:
      isAllowed = true
      reason = .withinLimit
    }
  }

  private static func floor(_ quantity: Quantity, _ scale: Int) -> Int128 {
    let normal = quantity.normal
    if normal.scale <= scale {
      let (units, overflow) = normal.units.multipliedReportingOverflow(by: Quantity.power(scale - normal.scale) ?? .max)
      return overflow ? .max : units
    }
    return normal.units / (Quantity.power(normal.scale - scale) ?? .max)
  }

  /// A whole number of units is above a limit when it is above its whole part.
  private static func isAbove(_ units: Int128, _ limit: Quantity, _ scale: Int) -> Bool { units > floor(limit, scale) }

  private static func percent(_ used: Int128, of at: Quantity, _ scale: Int) -> Int128? {
    let at = at.normal
    guard at.units != 0 else { return nil }
    let exponent = 4 + at.scale - scale
    guard exponent >= 0 else { return used / (Quantity.power(-exponent) ?? .max) / at.units }
    let (product, overflow) = used.multipliedReportingOverflow(by: Quantity.power(exponent) ?? .max)
    return overflow ? nil : product / at.units
  }
}
