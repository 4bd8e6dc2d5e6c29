import MeterModel
import MeterTelemetry

/// A catalog as `meterd.apply_catalog` takes it. Decimals are JSON's numbers, which PostgreSQL keeps to the last digit; what was not said is
/// not there, so that the same entry always makes the same object.
struct CatalogDocument {
  private var json = JSONText()

  var text: String { String(decoding: json.bytes, as: UTF8.self) }

  init(_ contents: CatalogContents) {
    json.object { json in
      Self.list(&json, "meters", contents.meters, Self.meter)
      Self.list(&json, "plans", contents.plans) { json, plan in
        Self.version(&json, plan.name) { Self.content(&$0, of: plan) }
      }
      Self.list(&json, "addons", contents.addOns) { json, addOn in
        Self.version(&json, addOn.name) { Self.content(&$0, of: addOn) }
      }
      Self.list(&json, "tenants", contents.tenants) { json, tenant in
        json.member("id", tenant.id)
        json.member("name", tenant.name)
        json.member("status", tenant.status.rawValue)
        json.member("time_zone", tenant.timeZone)
      }
      Self.list(&json, "subscriptions", contents.subscriptions, Self.subscription)
    }
  }

  private static func list<Entry>(
    _ json: inout JSONText, _ name: String, _ entries: [Entry], _ write: (inout JSONText, Entry) -> Void
  ) {
    json.name(name)
    json.array { json in
      for entry in entries { json.object { write(&$0, entry) } }
    }
  }

  private static func decimal(_ json: inout JSONText, _ name: String, _ quantity: Quantity?) {
    guard let quantity else { return }
    json.name(name)
    json.number(quantity.description)
  }

  private static func texts(_ json: inout JSONText, _ name: String, _ texts: [String]) {
    json.name(name)
    json.array { json in
      for text in texts { json.string(text) }
    }
  }

  private static func meter(_ json: inout JSONText, _ meter: MeterDefinition) {
    json.member("name", meter.name)
    json.member("event", meter.event)
    json.member("aggregate", meter.aggregate.rawValue)
    if let value = meter.value { json.member("value", value) }
    json.member("scale", Int64(meter.scale))
    texts(&json, "dimensions", meter.dimensions)
    if let unit = meter.unit { json.member("unit", unit) }
    if let hold = meter.hold { json.member("hold", hold.nanoseconds) }
  }

  private static func version(_ json: inout JSONText, _ name: Plan.Name, _ content: (inout JSONText) -> Void) {
    json.member("name", name.name)
    json.member("version", Int64(name.version))
    json.name("content")
    json.object(content)
  }

  private static func fees(_ json: inout JSONText, _ fees: Plan.Fees) {
    guard fees != Plan.Fees() else { return }
    json.name("fee")
    json.object { json in
      decimal(&json, "monthly", fees.monthly)
      decimal(&json, "yearly", fees.yearly)
    }
  }

  private static func content(_ json: inout JSONText, of plan: Plan) {
    json.member("currency", plan.currency.code)
    fees(&json, plan.fees)
    if let trial = plan.trial { json.member("trial", trial.description) }
    texts(&json, "features", plan.features)
    list(&json, "usage", plan.usage, entry)
    decimal(&json, "minimum", plan.minimum)
    if let credits = plan.credits {
      json.name("credits")
      json.object { json in
        decimal(&json, "monthly", credits.monthly)
        json.name("carry_over")
        json.bool(credits.carriesOver)
        decimal(&json, "overage_unit", credits.overageUnit)
      }
    }
    json.name("prorate_included")
    json.bool(plan.proratesIncluded)
    if let freshness = plan.freshness {
      json.name("check")
      json.object { json in
        json.member("max_age", freshness.ageMax.nanoseconds)
        json.member("stale", freshness.isClosedWhenStale ? "closed" : "open")
      }
    }
  }

  private static func content(_ json: inout JSONText, of addOn: AddOn) {
    json.member("currency", addOn.currency.code)
    if let extra = addOn.extra {
      json.member("meter", extra.meter)
      decimal(&json, "included", extra.included)
    }
    texts(&json, "features", addOn.features)
    fees(&json, addOn.fees)
  }

  private static func entry(_ json: inout JSONText, _ entry: PlanEntry) {
    json.member("meter", entry.meter)
    decimal(&json, "included", entry.included)
    if let limit = entry.limit {
      json.name("limit")
      json.object { json in
        json.member("mode", limit.mode.rawValue)
        decimal(&json, "at", limit.at)
        decimal(&json, "grace_percent", limit.gracePercent)
        if !limit.rate.isEmpty { json.member("rate", limit.rate) }
      }
    }
    json.name("warn_at")
    json.array { json in
      for percent in entry.warnAt { json.number(percent.description) }
    }
    if let price = entry.price {
      json.name("price")
      json.object { Self.price(&$0, price) }
    }
  }

  private static func price(_ json: inout JSONText, _ price: Price) {
    if price.isInCredits { json.member("currency", "credits") }
    switch price.model {
    case .perUnit(let unit):
      json.member("model", "per_unit")
      decimal(&json, "unit", unit)
    case .graduated(let tiers):
      json.member("model", "graduated")
      list(&json, "tiers", tiers, tier)
    case .volume(let tiers):
      json.member("model", "volume")
      list(&json, "tiers", tiers, tier)
    case .package(let size, let price):
      json.member("model", "package")
      decimal(&json, "size", size)
      decimal(&json, "price", price)
    }
  }

  private static func tier(_ json: inout JSONText, _ tier: Price.Tier) {
    decimal(&json, "up_to", tier.upTo)
    decimal(&json, "unit", tier.unit)
    decimal(&json, "flat", tier.flat)
  }

  private static func reference(_ json: inout JSONText, _ name: String, _ reference: Plan.Reference) {
    json.name(name)
    json.object { json in
      json.member("name", reference.name)
      if let version = reference.version { json.member("version", Int64(version)) }
    }
  }

  private static func instant(_ json: inout JSONText, _ name: String, _ instant: Instant?) {
    // On a boundary of windows, so of whole seconds.
    if let instant { json.member(name, instant.nanoseconds / 1_000_000_000) }
  }

  private static func subscription(_ json: inout JSONText, _ subscription: Subscription) {
    json.member("id", subscription.id)
    json.member("tenant", subscription.tenant)
    reference(&json, "plan", subscription.plan)
    json.member("cycle", subscription.cycle.rawValue)
    instant(&json, "starts_at", subscription.startsAt)
    instant(&json, "ends_at", subscription.endsAt)
    if let trial = subscription.trial { json.member("trial", trial.description) }
    json.name("shadow")
    json.bool(subscription.isShadow)
    list(&json, "changes", subscription.changes) { json, change in
      instant(&json, "at", change.at)
      reference(&json, "plan", change.plan)
    }
    list(&json, "addons", subscription.additions) { json, addition in
      reference(&json, "addon", addition.addOn)
      json.member("quantity", Int64(addition.quantity))
      instant(&json, "from", addition.from)
      instant(&json, "until", addition.until)
    }
  }
}
