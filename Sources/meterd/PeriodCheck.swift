import MeterConfig
import MeterModel
import MeterRating
import PostgresEdge

/// Whether all that a catalog says of time falls on boundaries of windows: what it names itself, and the periods that follow from it.
struct PeriodCheck {
  private let files = ZoneFiles()

  /// Which edition of the zone database it was checked against.
  var zones: String { files.edition ?? "" }

  /// What the file says in so many words.
  func check(_ file: CatalogFile, window: TimeSpan) throws(Complaint) {
    for tenant in file.tenants where table(of: tenant.value.timeZone) == nil {
      throw file.document.complaint(
        at: tenant.fields["time_zone"] ?? tenant.mark,
        "'time_zone' of tenant '\(tenant.value.id)': the system has no time zone '\(tenant.value.timeZone)'",
        remedy: "name one like Europe/Berlin, or install Debian's tzdata")
    }
    for entry in file.subscriptions {
      for (field, instant) in moments(of: entry.value) where !lies(instant, on: window) {
        let fits = PeriodCalendar.windows.first { lies(instant, on: $0) }
        throw file.document.complaint(
          at: entry.fields[field] ?? entry.mark,
          "'\(field)' of subscription '\(entry.value.id)': \(instant.text) is no boundary of windows of \(window.text)",
          remedy: remedy(fits))
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

  /// What follows: every start of a period, to the subscription's end or fifty years ahead.
  func refused(_ terms: [Catalog.Terms]) -> [Catalog.Change] {
    var tables: [String: TimeZoneTable] = [:]
    return terms.compactMap { terms in
      func refused(_ field: String, _ problem: String) -> Catalog.Change {
        Catalog.Change(
          section: "subscription", name: terms.subscription, outcome: .refused, field: field, problem: problem)
      }
      guard let zone = tables[terms.timeZone] ?? table(of: terms.timeZone) else {
        return refused("tenant", "the system has no time zone '\(terms.timeZone)', which is its tenant's")
      }
      tables[terms.timeZone] = zone
      let calendar = PeriodCalendar(
        zone: zone, startsAt: terms.startsAt, trials: terms.trials.compactMap { Trial(text: $0) }, endsAt: terms.endsAt)
      guard let misfit = calendar.misfit(window: terms.window) else { return nil }
      return refused(
        "starts_at",
        "a period would begin at \(misfit.first.text), which is no boundary of windows of \(terms.window.text); "
          + remedy(misfit.window))
    }
  }

  private func remedy(_ window: TimeSpan?) -> String {
    window.map { "a 'rollup.window' of \($0.text) would do" } ?? "no 'rollup.window' would do"
  }

  private func lies(_ instant: Instant, on window: TimeSpan) -> Bool {
    instant.nanoseconds % window.nanoseconds == 0
  }

  private func table(of zone: String) -> TimeZoneTable? { files.bytes(of: zone).flatMap { TimeZoneTable($0) } }
}
