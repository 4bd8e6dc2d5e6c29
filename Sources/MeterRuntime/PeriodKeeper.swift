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

  public func table(of zone: String) -> TimeZoneTable? { files.bytes(of: zone).flatMap { TimeZoneTable($0) } }

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
      let calendar = PeriodCalendar(
        zone: zone, startsAt: Self.instant(terms.startsAt), trials: terms.trials.compactMap { Trial(text: $0) },
        endsAt: terms.endsAt.map(Self.instant))
      if let misfit = calendar.misfit(window: terms.window) {
        refuse(
          "starts_at",
          "a period would begin at \(misfit.first.text), which is no boundary of windows of \(terms.window.text); "
            + Self.remedy(misfit.window))
      } else {
        outlook.rows += Self.rows(calendar, terms)
      }
    }
    return outlook
  }

  public static func remedy(_ window: TimeSpan?) -> String {
    window.map { "a 'rollup.window' of \($0.text) would do" } ?? "no 'rollup.window' would do"
  }

  /// What has opened stays, but for its end where the subscription ends, goes on after all, or its trial is extended; what follows begins
  /// where it ends.
  private static func rows(_ calendar: PeriodCalendar, _ terms: Periods.Terms) -> [Periods.Row] {
    var rows: [Periods.Row] = []
    var number = 0
    while let period = calendar.period(number), seconds(period.start) < terms.until {
      var row = Periods.Row(
        subscription: terms.subscription, number: number, isTrial: period.kind == .trial, start: seconds(period.start),
        end: seconds(period.end))
      if let opened = terms.opened.first(where: { $0.number == number }) {
        row.start = opened.start
        if !mayMove(opened.end, to: row.end, terms) { row.end = opened.end }
      } else if let last = rows.last, terms.opened.contains(where: { $0.number == last.number }) {
        row.start = last.end
      }
      if row.end > terms.since, row.start < row.end { rows.append(row) }
      number += 1
    }
    return rows
  }

  /// Other rules for the clocks of a zone move an end by hours; nothing else does so, but the end of the subscription itself.
  private static func mayMove(_ end: Int64, to other: Int64, _ terms: Periods.Terms) -> Bool {
    other == terms.endsAt || abs(other - end) > 86_400
  }

  private static func instant(_ seconds: Int64) -> Instant {
    Instant(nanoseconds: TimeSpan.seconds(seconds).nanoseconds)
  }

  /// Periods begin and end on boundaries of windows.
  private static func seconds(_ instant: Instant) -> Int64 { instant.nanoseconds / 1_000_000_000 }
}
