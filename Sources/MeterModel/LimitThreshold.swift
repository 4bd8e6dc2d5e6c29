/// One total at which something is to be said.
public struct LimitThreshold: Sendable, Hashable {
  /// In the order in which they are told at one total.
  public enum Kind: Int, Sendable, Hashable, Comparable {
    case warning, limit, exceeded, overage

    public static func < (a: Kind, b: Kind) -> Bool { a.rawValue < b.rawValue }
  }

  public var kind: Kind
  /// The percentage that is told; nil for an overage.
  public var percent: Quantity?
  /// Where it lies, exactly: together with the kind this is what makes it another threshold.
  public var total: Quantity
  /// The smallest total, in units of the meter's scale, that reaches it.
  public var reach: Int128

  /// The thresholds of an entry, in the order in which a growing total meets them.
  public static func ladder(_ terms: LimitTerms, scale: Int) -> [LimitThreshold] {
    let whole = Quantity(units: 100, scale: 0)
    var steps: [LimitThreshold] = []
    for percent in Set(terms.warnAt.map(\.normal)) {
      steps.append(LimitThreshold(.warning, percent, of: terms.at, isAbove: false, scale))
    }
    switch terms.mode {
    case .block, .throttle:
      steps.append(LimitThreshold(.limit, whole, of: terms.at, isAbove: false, scale))
      steps.append(LimitThreshold(.exceeded, aboveWhole(terms.gracePercent), of: terms.at, isAbove: true, scale))
    case .notify:
      steps.append(LimitThreshold(.limit, whole, of: terms.at, isAbove: false, scale))
    case .overage:
      var step = LimitThreshold(.overage, whole, of: terms.included, isAbove: true, scale)
      step.percent = nil
      steps.append(step)
    case nil: break
    }
    steps.sort { a, b in
      if a.total != b.total { return a.total.isBelow(b.total) }
      if a.kind != b.kind { return a.kind < b.kind }
      return (a.percent ?? whole).isBelow(b.percent ?? whole)
    }
    // Percentages of nothing are one threshold, not several.
    var ladder: [LimitThreshold] = []
    for step in steps where ladder.last?.kind != step.kind || ladder.last?.total != step.total { ladder.append(step) }
    return ladder
  }

  private static func aboveWhole(_ percent: Quantity) -> Quantity {
    Quantity(units: percent.units + 100 * (Quantity.power(percent.scale) ?? 0), scale: percent.scale)
  }

  private init(_ kind: Kind, _ percent: Quantity, of at: Quantity, isAbove: Bool, _ scale: Int) {
    self.kind = kind
    self.percent = percent.normal
    let (product, overflow) = at.units.multipliedReportingOverflow(by: percent.units)
    total =
      overflow ? Quantity(units: .max, scale: 0) : Quantity(units: product, scale: at.scale + percent.scale + 2).normal
    // Nobody has reached anything with nothing.
    reach = max(1, Self.units(total, scale, isAbove: isAbove))
  }

  /// The smallest whole number of units that is at least the total, or above it.
  private static func units(_ total: Quantity, _ scale: Int, isAbove: Bool) -> Int128 {
    if total.scale <= scale {
      guard let factor = Quantity.power(scale - total.scale) else { return .max }
      let (units, overflow) = total.units.multipliedReportingOverflow(by: factor)
      return overflow || units == .max ? .max : isAbove ? units + 1 : units
    }
    guard let factor = Quantity.power(total.scale - scale) else { return isAbove && total.units < 0 ? 0 : 1 }
    let (quotient, remainder) = total.units.quotientAndRemainder(dividingBy: factor)
    let floor = remainder < 0 ? quotient - 1 : quotient
    return isAbove || remainder != 0 ? floor + 1 : floor
  }
}
