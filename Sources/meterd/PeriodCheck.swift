import MeterConfig
import MeterModel
import MeterRuntime

/// Whether what a catalog's file says of time in so many words can be: zones that the system has, instants on boundaries of windows.
struct PeriodCheck {
  let keeper: PeriodKeeper

  func check(_ file: CatalogFile, window: TimeSpan) throws(Complaint) {
    var known: Set<String> = []
    for tenant in file.tenants where known.insert(tenant.value.timeZone).inserted {
      guard !keeper.hasZone(tenant.value.timeZone) else { continue }
      throw file.document.complaint(
        at: tenant.fields["time_zone"] ?? tenant.mark,
        "'time_zone' of tenant '\(tenant.value.id)': the system has no time zone '\(tenant.value.timeZone)'",
        remedy: "name one like Europe/Berlin, or install Debian's tzdata")
    }
    for entry in file.subscriptions {
      for (field, instant) in moments(of: entry.value) where !WindowGrid(length: window).hasBoundary(at: instant) {
        throw file.document.complaint(
          at: entry.fields[field] ?? entry.mark,
          "'\(field)' of subscription '\(entry.value.id)': \(instant.text) is no boundary of windows of \(window.text)",
          remedy: PeriodKeeper.remedy(WindowGrid.length(on: [instant])))
      }
    }
  }

  private func moments(of subscription: Subscription) -> [(field: String, instant: Instant)] {
    var all = [("starts_at", subscription.startsAt)]
    if let end = subscription.endsAt { all.append(("ends_at", end)) }
    for (index, change) in subscription.changes.enumerated() { all.append(("changes.\(index)", change.at)) }
    for (index, addition) in subscription.additions.enumerated() {
      all.append(("addons.\(index)", addition.from))
      if let until = addition.until { all.append(("addons.\(index)", until)) }
    }
    return all
  }
}
