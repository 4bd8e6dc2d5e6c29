import MeterModel

/// Reads plans and add-ons of a catalog: each by itself; whether what they name is there is for whoever applies them.
struct PlanReader {
  let document: YAMLDocument

  private static let fields = [
    "name", "version", "currency", "fee", "trial", "features", "usage", "minimum", "credits", "prorate_included",
    "check",
  ]
  private static let entryFields = ["meter", "included", "limit", "warn_at", "price"]
  static let versions = 1...1_000_000
  private static let metersMax = 1_000
  private static let warningsMax = 32
  private static let tiersMax = 100
  private static let percents = Quantity(units: 100_000, scale: 0)
  private static let ages: ClosedRange<TimeSpan> = .milliseconds(1) ... .days(1)

  func plan(_ node: YAMLNode) throws(Complaint) -> CatalogFile.Placed<Plan> {
    let entry = try CatalogEntry(node, "a plan", fields: Self.fields, document)
    var plan = Plan(try name(of: entry), currency: try currency(of: entry))
    var marks = entry.marks
    plan.fees = try fees(of: entry)
    plan.trial = try entry.trial("trial")
    plan.features = try entry.names("features")
    let items = try entry.items("usage")
    guard items.count <= Self.metersMax else {
      throw entry.fault(
        "usage", "'usage' has too many entries (\(items.count); at most \(Self.metersMax))", "name fewer")
    }
    for item in items {
      let usage = try self.usage(item)
      guard marks.updateValue(item.mark, forKey: "usage.\(usage.meter)") == nil else {
        throw document.complaint(
          at: item.mark, "the plan names the meter \(quoted(usage.meter)) twice", remedy: "keep one of them")
      }
      plan.usage.append(usage)
    }
    plan.minimum = try entry.decimal("minimum")
    plan.credits = try credits(of: entry)
    plan.proratesIncluded = try entry.boolean("prorate_included") ?? false
    if let check = try entry.entry("check", "a plan's check", fields: ["max_age", "stale"]) {
      plan.freshness = Plan.Freshness(
        ageMax: try check.need("max_age", try check.duration("max_age", in: Self.ages)),
        isClosedWhenStale: try check.choice("stale", of: Stale.self) == .closed)
    }
    return CatalogFile.Placed(value: plan, mark: entry.mark, fields: marks)
  }

  private enum Stale: String, CaseIterable {
    case open, closed
  }

  func addOn(_ node: YAMLNode) throws(Complaint) -> CatalogFile.Placed<AddOn> {
    let entry = try CatalogEntry(
      node, "an add-on", fields: ["name", "version", "currency", "meter", "included", "features", "fee"], document)
    var addOn = AddOn(try name(of: entry), currency: try currency(of: entry))
    if let meter = try entry.name("meter") {
      addOn.extra = AddOn.Extra(meter: meter, included: try entry.need("included", try entry.decimal("included")))
    } else if entry.has("included") {
      throw entry.fault("included", "the add-on includes something of no meter", "name the 'meter'")
    }
    addOn.features = try entry.names("features")
    addOn.fees = try fees(of: entry)
    return CatalogFile.Placed(value: addOn, mark: entry.mark, fields: entry.marks)
  }

  private func name(of entry: CatalogEntry) throws(Complaint) -> Plan.Name {
    Plan.Name(
      try entry.need("name", try entry.name("name")),
      try entry.need("version", try entry.integer("version", in: Self.versions)))
  }

  private func currency(of entry: CatalogEntry) throws(Complaint) -> Currency {
    let code = try entry.need("currency", try entry.text("currency", bytes: 1...8))
    guard let currency = Currency(code) else {
      throw entry.fault("currency", "'currency' is none of ISO 4217 (\(quoted(code)))", "write a code like USD")
    }
    return currency
  }

  private func fees(of entry: CatalogEntry) throws(Complaint) -> Plan.Fees {
    guard let fee = try entry.entry("fee", "a fee", fields: ["monthly", "yearly"]) else { return Plan.Fees() }
    return Plan.Fees(monthly: try fee.decimal("monthly"), yearly: try fee.decimal("yearly"))
  }

  private func credits(of entry: CatalogEntry) throws(Complaint) -> Plan.Credits? {
    let fields = ["monthly", "carry_over", "overage_unit"]
    guard let credits = try entry.entry("credits", "a plan's credits", fields: fields) else { return nil }
    return Plan.Credits(
      monthly: try credits.need("monthly", try credits.decimal("monthly")),
      carriesOver: try credits.boolean("carry_over") ?? false, overageUnit: try credits.decimal("overage_unit"))
  }

  private func usage(_ node: YAMLNode) throws(Complaint) -> PlanEntry {
    let entry = try CatalogEntry(node, "an entry of 'usage'", fields: Self.entryFields, document)
    var usage = PlanEntry(meter: try entry.need("meter", try entry.name("meter")))
    usage.included = try entry.decimal("included")
    usage.limit = try limit(of: entry, included: usage.included)
    usage.warnAt = try entry.decimals("warn_at")
    if !usage.warnAt.isEmpty {
      guard usage.limit?.at != nil || usage.included != nil else {
        throw entry.fault(
          "warn_at", "'warn_at' is relative to nothing (there is neither a limit's 'at' nor 'included')",
          "add one of them")
      }
      guard usage.warnAt.count <= Self.warningsMax,
        usage.warnAt.allSatisfy({ $0.units > 0 && !Self.percents.isBelow($0) })
      else {
        throw entry.fault(
          "warn_at", "'warn_at' takes at most \(Self.warningsMax) percentages above 0, up to \(Self.percents)",
          "correct it")
      }
    }
    usage.price = try price(of: entry)
    return usage
  }

  private func limit(of entry: CatalogEntry, included: Quantity?) throws(Complaint) -> PlanEntry.Limit? {
    let fields = ["mode", "at", "grace_percent", "rate", "on"]
    guard let said = try entry.entry("limit", "a limit", fields: fields) else { return nil }
    let mode = try said.need("mode", try said.choice("mode", of: PlanEntry.Limit.Mode.self))
    var limit = PlanEntry.Limit(mode, at: try said.decimal("at"))
    guard !said.has("on") else {
      throw said.fault("on", "a limit on credits is not in this build yet", "remove it")
    }
    guard limit.at != nil || included != nil else {
      throw said.fault(nil, "the limit has no 'at', and nothing is included", "add 'at' or 'included'")
    }
    if let grace = try said.decimal("grace_percent") {
      guard mode == .block || mode == .throttle || grace.units == 0 else {
        throw said.fault("grace_percent", "a limit of mode \(mode.rawValue) has no grace", "remove it")
      }
      guard !Self.percents.isBelow(grace) else {
        throw said.fault(
          "grace_percent", "'grace_percent' is too large (\(grace); at most \(Self.percents))", "lower it")
      }
      limit.gracePercent = grace
    }
    if let rate = try said.text("rate", bytes: 1...64) {
      guard mode == .throttle else {
        throw said.fault("rate", "a limit of mode \(mode.rawValue) has no rate", "remove it or use throttle")
      }
      limit.rate = rate
    }
    return limit
  }

  private enum PriceModel: String, CaseIterable {
    case per_unit, graduated, volume, package

    var fields: [String] {
      switch self {
      case .per_unit: ["unit"]
      case .graduated, .volume: ["tiers"]
      case .package: ["size", "price"]
      }
    }
  }

  private func price(of entry: CatalogEntry) throws(Complaint) -> Price? {
    let fields = ["model", "unit", "tiers", "size", "price", "currency"]
    guard let said = try entry.entry("price", "a price", fields: fields) else { return nil }
    let model = try said.need("model", try said.choice("model", of: PriceModel.self))
    for field in ["unit", "tiers", "size", "price"] where said.has(field) && !model.fields.contains(field) {
      throw said.fault(field, "a price of model \(model.rawValue) has no \(quoted(field))", "remove it")
    }
    var isInCredits = false
    if let currency = try said.text("currency", bytes: 1...16) {
      guard currency == "credits" else {
        throw said.fault(
          "currency", "a price is due in the plan's currency or in credits (\(quoted(currency)))",
          "remove it or write credits")
      }
      isInCredits = true
    }
    switch model {
    case .per_unit:
      return Price(.perUnit(try said.need("unit", try said.decimal("unit"))), isInCredits: isInCredits)
    case .graduated: return Price(.graduated(try tiers(of: said)), isInCredits: isInCredits)
    case .volume: return Price(.volume(try tiers(of: said)), isInCredits: isInCredits)
    case .package:
      let size = try said.need("size", try said.decimal("size"))
      guard size.units > 0 else { throw said.fault("size", "a package holds nothing", "write how many units it has") }
      return Price(
        .package(size: size, price: try said.need("price", try said.decimal("price"))), isInCredits: isInCredits)
    }
  }

  private func tiers(of price: CatalogEntry) throws(Complaint) -> [Price.Tier] {
    let items = try price.items("tiers")
    guard (1...Self.tiersMax).contains(items.count) else {
      throw price.fault(
        price.has("tiers") ? "tiers" : nil, "the price has no tiers, or more than \(Self.tiersMax)",
        "write them as a list, the last one without 'up_to'")
    }
    let zero = Quantity(units: 0, scale: 0)
    var tiers: [Price.Tier] = []
    for (index, item) in items.enumerated() {
      let said = try CatalogEntry(item, "a tier", fields: ["up_to", "unit", "flat"], document)
      let upTo = try said.decimal("up_to")
      guard (upTo == nil) == (index == items.count - 1) else {
        throw said.fault(
          "up_to", upTo == nil ? "a tier that is not the last has no 'up_to'" : "the last tier has an 'up_to'",
          upTo == nil ? "say where it ends" : "remove it: the last one has no end")
      }
      if let upTo, !(tiers.last?.upTo ?? zero).isBelow(upTo) {
        throw said.fault("up_to", "'up_to' is not above the tier before (\(upTo))", "put the tiers in order")
      }
      guard said.has("unit") || said.has("flat") else {
        throw said.fault(nil, "the tier has neither 'unit' nor 'flat'", "add what it costs")
      }
      tiers.append(
        Price.Tier(upTo: upTo, unit: try said.decimal("unit") ?? zero, flat: try said.decimal("flat") ?? zero))
    }
    return tiers
  }
}
