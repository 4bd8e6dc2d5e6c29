import MeterModel

extension Price {
  /// A tier that was entered, and what is due for it.
  public struct Share: Sendable, Hashable {
    public var quantity: Decimal
    public var unit: Decimal
    public var flat: Decimal
    public var amount: Decimal

    fileprivate init(_ quantity: Decimal, unit: Decimal, flat: Decimal = .zero) {
      self.quantity = quantity
      self.unit = unit
      self.flat = flat
      amount = quantity * unit + flat
    }
  }

  /// What is due for a quantity above what is included, tier by tier. Nothing above it enters no tier.
  public func shares(of overage: Decimal) -> [Share] {
    guard overage > .zero else { return [] }
    switch model {
    case .perUnit(let unit):
      return [Share(overage, unit: Decimal(unit))]
    case .package(let size, let price):
      // Packages are what is paid for, however full the last one is.
      var share = Share(overage.started(Decimal(size)), unit: Decimal(price))
      share.quantity = overage
      return [share]
    case .volume(let tiers):
      guard let tier = tiers.first(where: { $0.upTo.map { overage <= Decimal($0) } ?? true }) else { return [] }
      return [Share(overage, unit: Decimal(tier.unit), flat: Decimal(tier.flat))]
    case .graduated(let tiers):
      var shares: [Share] = []
      var begin = Decimal.zero
      for tier in tiers where begin < overage {
        let end = tier.upTo.map { min(Decimal($0), overage) } ?? overage
        shares.append(Share(end - begin, unit: Decimal(tier.unit), flat: Decimal(tier.flat)))
        begin = end
      }
      return shares
    }
  }

  public func amount(of overage: Decimal) -> Decimal { shares(of: overage).reduce(.zero) { $0 + $1.amount } }
}
