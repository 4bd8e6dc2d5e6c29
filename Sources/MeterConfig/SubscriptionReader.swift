import MeterModel

/// Reads tenants and subscriptions of a catalog: each by itself; whether what they name is there, and whether periods can begin where
/// they would, is for whoever applies them.
struct SubscriptionReader {
  let document: YAMLDocument

  static let tenantBytes = 1...128
  private static let nameBytes = 0...256
  private static let zoneBytes = 1...64
  private static let quantities = 1...1_000_000
  private static let changesMax = 1_000

  func tenant(_ node: YAMLNode) throws(Complaint) -> CatalogFile.Placed<Tenant> {
    let entry = try CatalogEntry(node, "a tenant", fields: ["id", "name", "status", "time_zone"], document)
    let tenant = Tenant(
      id: try entry.need("id", try entry.text("id", bytes: Self.tenantBytes)),
      name: try entry.text("name", bytes: Self.nameBytes) ?? "",
      status: try entry.choice("status", of: Tenant.Status.self) ?? .active,
      timeZone: try entry.text("time_zone", bytes: Self.zoneBytes) ?? "UTC")
    return CatalogFile.Placed(value: tenant, mark: entry.mark, fields: entry.marks)
  }

  /// A plan or an add-on as a subscription names it; without a version it is the newest, which is known where all are.
  private func named(_ entry: CatalogEntry, _ field: String) throws(Complaint) -> Plan.Reference {
    Plan.Reference(
      try entry.need(field, try entry.name(field)), try entry.integer("version", in: PlanReader.versions))
  }

  func subscription(_ node: YAMLNode) throws(Complaint) -> CatalogFile.Placed<Subscription> {
    let entry = try CatalogEntry(
      node, "a subscription",
      fields: [
        "id", "tenant", "plan", "version", "cycle", "starts_at", "ends_at", "trial", "shadow", "changes", "addons",
      ], document)
    var subscription = Subscription(
      id: try entry.need("id", try entry.name("id")),
      tenant: try entry.need("tenant", try entry.text("tenant", bytes: Self.tenantBytes)),
      plan: try named(entry, "plan"),
      cycle: try entry.choice("cycle", of: Subscription.Cycle.self) ?? .monthly,
      startsAt: try entry.need("starts_at", try entry.instant("starts_at")))
    subscription.endsAt = try entry.instant("ends_at")
    subscription.trial = try entry.trial("trial")
    subscription.isShadow = try entry.boolean("shadow") ?? false
    if let end = subscription.endsAt, end <= subscription.startsAt {
      throw entry.fault("ends_at", "'ends_at' is not after 'starts_at'", "correct one of them")
    }
    var marks = entry.marks
    for (index, item) in try entry.items("changes").enumerated() {
      let change = try self.change(item, in: subscription)
      marks["changes.\(index)"] = item.mark
      subscription.changes.append(change)
    }
    for (index, item) in try entry.items("addons").enumerated() {
      marks["addons.\(index)"] = item.mark
      subscription.additions.append(try addition(item, in: subscription))
    }
    guard subscription.changes.count + subscription.additions.count <= Self.changesMax else {
      throw entry.fault(nil, "the subscription has more than \(Self.changesMax) changes and add-ons", "name fewer")
    }
    return CatalogFile.Placed(value: subscription, mark: entry.mark, fields: marks)
  }

  private func change(
    _ node: YAMLNode, in subscription: Subscription
  ) throws(Complaint) -> Subscription.Change {
    let entry = try CatalogEntry(node, "a change", fields: ["at", "plan", "version"], document)
    let at = try entry.need("at", try entry.instant("at"))
    guard at > (subscription.changes.last?.at ?? subscription.startsAt),
      subscription.endsAt.map({ at < $0 }) ?? true
    else {
      throw entry.fault(
        "at", "'at' is not behind the change before, or the start, and before the end", "put the changes in order")
    }
    return Subscription.Change(at: at, plan: try named(entry, "plan"))
  }

  private func addition(
    _ node: YAMLNode, in subscription: Subscription
  ) throws(Complaint) -> Subscription.Addition {
    if case .scalar(let name, _) = node.content {
      guard CatalogEntry.isName(name) else {
        throw document.complaint(at: node.mark, "\(quoted(name)) is not the name of an add-on", remedy: "name one")
      }
      return Subscription.Addition(
        addOn: Plan.Reference(name), from: subscription.startsAt)
    }
    let entry = try CatalogEntry(
      node, "an add-on of a subscription", fields: ["name", "version", "quantity", "from", "until"], document)
    let addition = Subscription.Addition(
      addOn: try named(entry, "name"), quantity: try entry.integer("quantity", in: Self.quantities) ?? 1,
      from: try entry.instant("from") ?? subscription.startsAt, until: try entry.instant("until"))
    guard addition.from >= subscription.startsAt, subscription.endsAt.map({ addition.from < $0 }) ?? true else {
      throw entry.fault("from", "'from' is not within the subscription", "correct it")
    }
    if let until = addition.until, until <= addition.from {
      throw entry.fault("until", "'until' is not after 'from'", "correct one of them")
    }
    return addition
  }
}
