/// One version of what a tenant may be subscribed to. Once a subscription names it, it never changes: a change is another version.
public struct Plan: Sendable, Equatable {
  /// Names one version of a plan or an add-on.
  public struct Name: Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var version: Int

    public init(_ name: String, _ version: Int) {
      self.name = name
      self.version = version
    }

    public var description: String { "\(name) version \(version)" }
  }

  /// A version that is meant: the newest one where none is named.
  public struct Reference: Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var version: Int?

    public init(_ name: String, _ version: Int? = nil) {
      self.name = name
      self.version = version
    }

    public var description: String { version.map { "\(name) version \($0)" } ?? name }
  }

  /// What is due for a period of the cycle; nil where nothing was said.
  public struct Fees: Sendable, Equatable {
    public var monthly: Quantity?
    public var yearly: Quantity?

    public init(monthly: Quantity? = nil, yearly: Quantity? = nil) {
      self.monthly = monthly
      self.yearly = yearly
    }
  }

  /// Credits that the plan brings each month.
  public struct Credits: Sendable, Equatable {
    public var monthly: Quantity
    /// Whether the rest lives on.
    public var carriesOver: Bool
    /// What one credit costs in the plan's currency where no grant is left.
    public var overageUnit: Quantity?

    public init(monthly: Quantity, carriesOver: Bool = false, overageUnit: Quantity? = nil) {
      self.monthly = monthly
      self.carriesOver = carriesOver
      self.overageUnit = overageUnit
    }
  }

  /// How old the knowledge may be that a check is answered from, and what is said when it is older.
  public struct Freshness: Sendable, Equatable {
    public var ageMax: TimeSpan
    public var isClosedWhenStale: Bool

    public init(ageMax: TimeSpan, isClosedWhenStale: Bool) {
      self.ageMax = ageMax
      self.isClosedWhenStale = isClosedWhenStale
    }
  }

  public var name: Name
  public var currency: Currency
  public var fees = Fees()
  public var trial: Trial?
  /// What the plan allows or not, by name.
  public var features: [String] = []
  public var usage: [PlanEntry] = []
  /// Of a period's usage lines together.
  public var minimum: Quantity?
  public var credits: Credits?
  public var proratesIncluded = false
  public var freshness: Freshness?

  public init(_ name: Name, currency: Currency) {
    self.name = name
    self.currency = currency
  }
}

/// What a plan says of one meter.
public struct PlanEntry: Sendable, Equatable {
  public var meter: String
  /// Nil where nothing is said, which is nothing for a price and no bound for a limit.
  public var included: Quantity?
  public var limit: Limit?
  /// Percentages of the limit, or of what is included where there is none.
  public var warnAt: [Quantity] = []
  public var price: Price?

  public struct Limit: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
      case block, throttle, overage, notify
    }

    public var mode: Mode
    /// Nil: what is included.
    public var at: Quantity?
    public var gracePercent = Quantity(units: 0, scale: 0)
    /// Of a throttled tenant, `""` if the plan names none.
    public var rate = ""

    public init(_ mode: Mode, at: Quantity? = nil) {
      self.mode = mode
      self.at = at
    }
  }

  public init(meter: String) { self.meter = meter }
}

/// What is due for a quantity above what is included.
public struct Price: Sendable, Equatable {
  public struct Tier: Sendable, Equatable {
    /// Inclusive, counted from the first unit above what is included; nil for the last one.
    public var upTo: Quantity?
    public var unit: Quantity
    /// Due once when the tier is entered.
    public var flat: Quantity

    public init(upTo: Quantity?, unit: Quantity, flat: Quantity) {
      self.upTo = upTo
      self.unit = unit
      self.flat = flat
    }
  }

  public enum Model: Sendable, Equatable {
    case perUnit(Quantity)
    /// Each tier prices its own part.
    case graduated([Tier])
    /// The tier that holds the whole quantity prices all of it.
    case volume([Tier])
    /// Packages that were started.
    case package(size: Quantity, price: Quantity)
  }

  public var model: Model
  /// Whether it is due in credits, not in the plan's currency.
  public var isInCredits: Bool

  public init(_ model: Model, isInCredits: Bool = false) {
    self.model = model
    self.isInCredits = isInCredits
  }
}

/// How long a trial is: whole days by the tenant's calendar, or a time by the clock.
public enum Trial: Sendable, Hashable, CustomStringConvertible {
  case days(Int)
  case span(TimeSpan)

  /// As it is written.
  public var description: String {
    switch self {
    case .days(let days): "\(days)d"
    case .span(let span): "\(span.seconds)s"
    }
  }
}

/// What can be added to a plan, once or more often.
public struct AddOn: Sendable, Equatable {
  /// More of a meter than the plan includes.
  public struct Extra: Sendable, Equatable {
    public var meter: String
    public var included: Quantity

    public init(meter: String, included: Quantity) {
      self.meter = meter
      self.included = included
    }
  }

  public var name: Plan.Name
  public var currency: Currency
  public var extra: Extra?
  public var features: [String] = []
  public var fees = Plan.Fees()

  public init(_ name: Plan.Name, currency: Currency) {
    self.name = name
    self.currency = currency
  }
}
