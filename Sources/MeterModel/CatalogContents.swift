/// All that a catalog brings at once, each entry whole.
public struct CatalogContents: Sendable, Equatable {
  public var meters: [MeterDefinition] = []
  public var plans: [Plan] = []
  public var addOns: [AddOn] = []
  public var tenants: [Tenant] = []
  public var subscriptions: [Subscription] = []

  public init(meters: [MeterDefinition] = []) { self.meters = meters }
}
