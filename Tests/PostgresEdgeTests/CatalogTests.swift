import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

@Suite struct CatalogTests {
  private struct Bench {
    let database: Database
    let catalog: Catalog

    init() throws {
      let url = try PostgresCluster.shared.createDatabase("catalog")
      _ = try Schema.migrate(url)
      database = try Database(url)
      catalog = Catalog(target: url)
    }

    private static let bounds = Periods.Bounds(window: .hours(1), past: .days(35))

    /// `added plan starter version 1`, with the field where there is one.
    @discardableResult
    func apply(_ contents: CatalogContents, dryRun: Bool = false) throws -> [String] {
      try catalog.apply(contents, actor: "me@here", source: "c.yaml", dryRun: dryRun, bounds: Self.bounds) { _ in
        Periods.Outlook()
      }
      .map { change in
        "\(change.outcome) \(change.section) \(change.name)\(change.field.map { " (\($0))" } ?? "")"
      }
    }

    func version() throws -> String? { try database.scalar("select version from meterd.catalog_version") }
  }

  private static let calls = MeterDefinition(
    name: "calls", event: "api.call", aggregate: .count, dimensions: ["region", "a.b"])
  private static let start = Instant(nanoseconds: 1_793_491_200_000_000_000)

  private static func plan(_ version: Int = 1, included: Int128 = 100) -> Plan {
    var plan = Plan(Plan.Name("starter", version), currency: Currency("USD")!)
    var entry = PlanEntry(meter: "calls")
    entry.included = Quantity(units: included, scale: 0)
    entry.limit = PlanEntry.Limit(.block)
    entry.price = Price(.perUnit(Quantity(units: 123_456_789_012, scale: 12)))
    plan.usage = [entry]
    return plan
  }

  private static func subscription(
    _ id: String = "sub_acme", from days: Int64 = 0, until end: Int64? = nil
  ) -> Subscription {
    var subscription = Subscription(
      id: id, tenant: "acme", plan: Plan.Reference("starter"), cycle: .monthly,
      startsAt: start.saturatingAdding(.days(days)))
    subscription.endsAt = end.map { start.saturatingAdding(.days($0)) }
    return subscription
  }

  private static var whole: CatalogContents {
    var contents = CatalogContents(meters: [calls])
    contents.plans = [plan()]
    contents.tenants = [Tenant(id: "acme")]
    contents.subscriptions = [subscription()]
    return contents
  }

  @Test func `a catalog is applied once, and the second time nothing changes`() throws {
    let bench = try Bench()
    let added = [
      "added meter calls", "added plan starter version 1", "added tenant acme", "added subscription sub_acme",
    ]
    #expect(try bench.apply(Self.whole, dryRun: true) == added)
    #expect(try bench.catalog.meters().isEmpty)
    #expect(try bench.version() == "0")
    #expect(try bench.apply(Self.whole) == added)
    #expect(try bench.catalog.meters().map(\.definition) == [Self.calls])
    #expect(try bench.version() == "1")
    #expect(
      try bench.apply(Self.whole)
        == ["kept meter calls", "kept plan starter version 1", "kept tenant acme", "kept subscription sub_acme"])
    #expect(try bench.version() == "1")
    let audit = try bench.database.scalar(
      "select actor || ' ' || action || ' ' || (detail ->> 'added') from meterd.audit")
    #expect(
      audit
        == #"me@here catalog.apply ["meter calls", "plan starter version 1", "tenant acme", "subscription sub_acme"]"#)
  }

  @Test func `decimals come back to the last digit`() throws {
    let bench = try Bench()
    try bench.apply(Self.whole)
    #expect(try bench.database.scalar("select price ->> 'unit' from meterd.plan_entry") == "0.123456789012")
    #expect(try bench.database.scalar("select included || ' ' || limit_at from meterd.plan_entry") == "100 100")
  }

  @Test func `what is used is never altered, and what is not used may be`() throws {
    let bench = try Bench()
    var altered = Self.calls
    altered.dimensions = ["region"]
    #expect(try bench.apply(CatalogContents(meters: [Self.calls])) == ["added meter calls"])
    #expect(try bench.apply(CatalogContents(meters: [altered])) == ["changed meter calls (dimensions)"])
    #expect(try bench.apply(CatalogContents(meters: [Self.calls])) == ["changed meter calls (dimensions)"])
    var plans = CatalogContents()
    plans.plans = [Self.plan()]
    #expect(try bench.apply(plans) == ["added plan starter version 1"])
    plans.plans = [Self.plan(included: 200)]
    #expect(try bench.apply(plans) == ["changed plan starter version 1 (usage)"])
    // The plan names the meter.
    #expect(try bench.apply(CatalogContents(meters: [altered])) == ["refused meter calls (dimensions)"])
    var rest = Self.whole
    rest.plans = []
    try bench.apply(rest)
    // The subscription names the plan, of which a version that says the same in other digits is the same.
    plans.plans = [Self.plan(included: 100)]
    #expect(try bench.apply(plans) == ["refused plan starter version 1 (usage)"])
    var same = Self.plan(included: 200)
    same.usage[0].included = Quantity(units: 20_000, scale: 2)
    plans.plans = [same]
    #expect(try bench.apply(plans) == ["kept plan starter version 1"])
    plans.plans = [Self.plan(2)]
    #expect(try bench.apply(plans) == ["added plan starter version 2"])
  }

  @Test func `one refusal takes everything back`() throws {
    let bench = try Bench()
    var contents = Self.whole
    contents.subscriptions[0].plan = Plan.Reference("starter", 7)
    #expect(try bench.apply(contents).last == "refused subscription sub_acme (plan)")
    contents = Self.whole
    contents.subscriptions[0].tenant = "nobody"
    #expect(try bench.apply(contents).last == "refused subscription sub_acme (tenant)")
    contents = Self.whole
    contents.subscriptions[0].additions = [Subscription.Addition(addOn: Plan.Reference("more"), from: Self.start)]
    #expect(try bench.apply(contents).last == "refused subscription sub_acme (addons.0)")
    contents = Self.whole
    contents.plans[0].usage[0].meter = "nothing"
    #expect(try bench.apply(contents).contains("refused plan starter version 1 (usage.nothing)"))
    for table in ["meter", "plan", "tenant", "subscription", "audit"] {
      #expect(try bench.database.scalar("select count(*) from meterd.\(table)") == "0", "\(table)")
    }
  }

  @Test func `a tenant has one subscription at a time, shadows aside`() throws {
    let bench = try Bench()
    var contents = Self.whole
    contents.subscriptions = [Self.subscription("first", until: 30), Self.subscription("second", from: 30)]
    #expect(try !bench.apply(contents).contains { $0.hasPrefix("refused") })
    var more = CatalogContents()
    more.subscriptions = [Self.subscription("third", from: 29, until: 31)]
    #expect(try bench.apply(more).contains { $0.hasPrefix("refused subscription") && $0.hasSuffix("(starts_at)") })
    more.subscriptions[0].isShadow = true
    #expect(try bench.apply(more) == ["added subscription third"])
  }
}
