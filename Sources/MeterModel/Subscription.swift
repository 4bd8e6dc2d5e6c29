/// Who is billed.
public struct Tenant: Sendable, Equatable {
  public enum Status: String, Sendable, CaseIterable {
    case active, suspended, closed
  }

  public var id: String
  public var name: String
  public var status: Status
  /// As the system's zone database names it.
  public var timeZone: String

  public init(id: String, name: String = "", status: Status = .active, timeZone: String = "UTC") {
    self.id = id
    self.name = name
    self.status = status
    self.timeZone = timeZone
  }
}

/// What binds a tenant to a plan from an instant on.
public struct Subscription: Sendable, Equatable {
  public enum Cycle: String, Sendable, CaseIterable {
    case monthly, yearly
  }

  /// Another plan from an instant on.
  public struct Change: Sendable, Equatable {
    public var at: Instant
    public var plan: Plan.Reference

    public init(at: Instant, plan: Plan.Reference) {
      self.at = at
      self.plan = plan
    }
  }

  public struct Addition: Sendable, Equatable {
    public var addOn: Plan.Reference
    public var quantity: Int
    public var from: Instant
    /// Nil: as long as the subscription.
    public var until: Instant?

    public init(addOn: Plan.Reference, quantity: Int = 1, from: Instant, until: Instant? = nil) {
      self.addOn = addOn
      self.quantity = quantity
      self.from = from
      self.until = until
    }
  }

  public var id: String
  public var tenant: String
  public var plan: Plan.Reference
  public var cycle: Cycle
  public var startsAt: Instant
  /// The first instant that is not in it; nil for one that goes on.
  public var endsAt: Instant?
  /// Instead of the plan's own, where it is longer.
  public var trial: Trial?
  /// Judged and told of like any other, and nothing else.
  public var isShadow = false
  public var changes: [Change] = []
  public var additions: [Addition] = []

  public init(id: String, tenant: String, plan: Plan.Reference, cycle: Cycle, startsAt: Instant) {
    self.id = id
    self.tenant = tenant
    self.plan = plan
    self.cycle = cycle
    self.startsAt = startsAt
  }
}
