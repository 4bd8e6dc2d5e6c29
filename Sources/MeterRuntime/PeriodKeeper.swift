import MeterConfig
import MeterModel
import MeterRating
import PostgresEdge

/// Works out usage periods from the system's zone database: for a catalog that is applied, and some time ahead while a daemon runs.
public struct PeriodKeeper: Sendable {
  private let files = ZoneFiles()

  public init() {}

  /// Which edition of the zone database it goes by.
  public var zones: String { files.edition ?? "" }

  private func table(of zone: String) -> TimeZoneTable? { files.bytes(of: zone).flatMap { TimeZoneTable($0) } }

  public func hasZone(_ zone: String) -> Bool { table(of: zone) != nil }

  public func outlook(_ all: [Periods.Terms]) -> Periods.Outlook {
    var outlook = Periods.Outlook()
    var tables: [String: TimeZoneTable] = [:]
    for terms in all {
      func refuse(_ field: String, _ problem: String) {
        outlook.refused.append(
          Catalog.Change(
            section: "subscription", name: terms.subscription, outcome: .refused, field: field, problem: problem))
      }
      guard let zone = tables[terms.timeZone] ?? table(of: terms.timeZone) else {
        refuse("tenant", "the system has no time zone '\(terms.timeZone)', which is its tenant's")
        continue
      }
      tables[terms.timeZone] = zone
      let first = terms.opened.first { $0.number == 0 }
      let calendar = Self.calendar(terms, first, zone, endsAt: terms.endsAt)
      if let first, first.isTrial != (calendar.trialEnd != nil) {
        refuse("plan", "its first period has begun \(first.isTrial ? "as" : "without") a trial, and stays so")
      } else if let misfit = calendar.misfit(window: terms.window) {
        refuse(
          "starts_at",
          "a period would begin at \(misfit.first.text), which is no boundary of windows of \(terms.window.text); "
            + Self.remedy(misfit.window))
      } else {
        outlook.rows += Self.rows(Self.calendar(terms, first, zone, endsAt: nil), terms)
      }
    }
    return outlook
  }

  public static func remedy(_ window: TimeSpan?) -> String {
    window.map { "a 'rollup.window' of \($0.text) would do" } ?? "no 'rollup.window' would do"
  }

  /// What has opened stays, also when its zone's clocks are changed; what follows begins where it ends.
  private static func rows(_ calendar: PeriodCalendar, _ terms: Periods.Terms) -> [Periods.Row] {
    var rows: [Periods.Row] = []
    var last: Periods.Row?
    var number = 0
    while let period = calendar.period(number) {
      let own = Periods.Row(
        subscription: terms.subscription, number: number, isTrial: period.kind == .trial, start: seconds(period.start),
        end: seconds(period.end))
      let opened = terms.opened.first { $0.number == number }
      var row = opened ?? own
      if let opened {
        if opened.isCut || opened.isTrial { row.end = own.end }
        row.isCut = false
      } else if let last, terms.opened.contains(where: { $0.number == last.number }) {
        row.start = last.end
      }
      if let end = terms.endsAt, end < row.end { (row.end, row.isCut) = (end, true) }
      guard row.start < terms.until, row.start < row.end else { break }
      if row.end > terms.since { rows.append(row) }
      last = row
      number += 1
    }
    return rows
  }

  /// A trial that has begun is as long as it was, unless a longer one extends it.
  private static func calendar(
    _ terms: Periods.Terms, _ first: Periods.Row?, _ zone: TimeZoneTable, endsAt: Int64?
  ) -> PeriodCalendar {
    let start = instant(terms.startsAt)
    let trial = PeriodCalendar.longest(terms.trials.compactMap { Trial(text: $0) }, from: start, zone)
    func calendar(_ trial: Trial?) -> PeriodCalendar {
      PeriodCalendar(zone: zone, startsAt: start, trial: trial, endsAt: endsAt.map(instant))
    }
    guard let trial, let first, first.isTrial, !first.isCut else { return calendar(trial) }
    let begun = calendar(.span(.seconds(first.end - first.start)))
    return begun.extended(to: trial, at: instant(terms.now)) ?? begun
  }

  private static func instant(_ seconds: Int64) -> Instant {
    Instant(nanoseconds: TimeSpan.seconds(seconds).nanoseconds)
  }

  /// Periods begin and end on boundaries of windows.
  private static func seconds(_ instant: Instant) -> Int64 { instant.nanoseconds / 1_000_000_000 }
}
