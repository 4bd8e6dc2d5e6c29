/// What a plan's entry says about a tenant's use of a meter in a period, add-ons included.
public struct LimitTerms: Sendable, Hashable {
  public typealias Mode = PlanEntry.Limit.Mode

  public var included: Quantity
  /// Nil: there is no limit.
  public var mode: Mode?
  /// What the limit and the warnings are measured by.
  public var at: Quantity
  public var gracePercent: Quantity
  public var warnAt: [Quantity]
  /// Of a throttled tenant, `""` if the plan names none.
  public var rate: String

  public init(
    included: Quantity, mode: Mode?, at: Quantity? = nil, gracePercent: Quantity = Quantity(units: 0, scale: 0),
    warnAt: [Quantity] = [], rate: String = ""
  ) {
    self.included = included
    self.mode = mode
    self.at = at ?? included
    self.gracePercent = gracePercent
    self.warnAt = warnAt
    self.rate = rate
  }
}
