import Foundation
import MeterModel
import MeterRuntime
import PostgresEdge
import Testing

/// Which periods are laid when some have opened already.
@Suite struct PeriodKeeperTests {
  private static func second(_ text: String) -> Int64 {
    let full = text.contains("T") ? "\(text):00Z" : "\(text)T00:00:00Z"
    return Int64(ISO8601DateFormatter().date(from: full)?.timeIntervalSince1970 ?? 0)
  }

  private static func text(_ second: Int64) -> String {
    let text = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: TimeInterval(second)))
    return text.hasSuffix("T00:00:00Z") ? String(text.prefix(10)) : String(text.prefix(16))
  }

  private struct Case {
    var starts = "2026-11-01"
    var ends: String?
    var trials: [String] = []
    var zone = "UTC"
    var now = "2026-11-20"
    /// `11-01 12-01`, with `trial` or `cut` behind it.
    var opened: [String] = []

    private var terms: Periods.Terms {
      let rows = opened.enumerated().map { number, text in
        let words = text.split(separator: " ").map(String.init)
        return Periods.Row(
          subscription: "s", number: number, isTrial: words.contains("trial"), start: second("2026-\(words[0])"),
          end: second("2026-\(words[1])"), isCut: words.contains("cut"))
      }
      return Periods.Terms(
        subscription: "s", timeZone: zone, startsAt: second(starts), endsAt: ends.map(second), trials: trials,
        since: second("2025-01-01"), until: second(now) + 62 * 86_400, now: second(now), opened: rows)
    }

    /// The first ones, as `start end`.
    var laid: [String] {
      let outlook = PeriodKeeper().outlook([terms])
      if let refused = outlook.refused.first { return [refused.problem ?? ""] }
      for (one, next) in zip(outlook.rows, outlook.rows.dropFirst()) {
        #expect(one.end == next.start && one.number + 1 == next.number)
      }
      return outlook.rows.prefix(3).map {
        "\(text($0.start)) \(text($0.end))\($0.isTrial ? " trial" : "")\($0.isCut ? " cut" : "")"
      }
    }
  }

  @Test func `without any, they follow the calendar to two months ahead`() {
    #expect(Case().laid == ["2026-11-01 2026-12-01", "2026-12-01 2027-01-01", "2027-01-01 2027-02-01"])
    #expect(Case(trials: ["14d"]).laid.prefix(2) == ["2026-11-01 2026-11-15 trial", "2026-11-15 2026-12-15"])
    #expect(Case(ends: "2026-12-10").laid == ["2026-11-01 2026-12-01", "2026-12-01 2026-12-10 cut"])
  }

  @Test func `a trial is extended until it has ended, by a day as well, and never cut short`() {
    let opened = ["11-01 11-25 trial"]
    #expect(
      Case(trials: ["25d"], opened: opened).laid.prefix(2) == ["2026-11-01 2026-11-26 trial", "2026-11-26 2026-12-26"])
    #expect(Case(trials: ["24d", "30d"], opened: opened).laid[0] == "2026-11-01 2026-12-01 trial")
    #expect(
      Case(trials: ["21d"], opened: opened).laid.prefix(2) == ["2026-11-01 2026-11-25 trial", "2026-11-25 2026-12-25"])
    let over = ["11-01 11-15 trial", "11-15 12-15"]
    #expect(
      Case(trials: ["14d", "30d"], opened: over).laid == [
        "2026-11-01 2026-11-15 trial", "2026-11-15 2026-12-15", "2026-12-15 2027-01-15",
      ])
  }

  @Test func `an end cuts a period, also by hours, and without it the period goes on to its own end`() {
    #expect(Case(ends: "2026-11-30T12:00", opened: ["11-01 12-01"]).laid == ["2026-11-01 2026-11-30T12:00 cut"])
    #expect(
      Case(opened: ["11-01 11-30T12:00 cut"]).laid.prefix(2) == ["2026-11-01 2026-12-01", "2026-12-01 2027-01-01"])
    #expect(
      Case(ends: "2026-12-05", opened: ["11-01 11-30T12:00 cut"]).laid == [
        "2026-11-01 2026-12-01", "2026-12-01 2026-12-05 cut",
      ])
    #expect(Case(ends: "2026-11-10", opened: ["11-01 12-01"]).laid == ["2026-11-01 2026-11-10 cut"])
  }

  @Test func `other rules for its clocks move no period that has opened, and leave no gap`() {
    // As if the zone had been an hour further east when the period opened.
    #expect(
      Case(zone: "Etc/GMT-1", opened: ["11-01 11-30T22:00"]).laid.prefix(2) == [
        "2026-11-01 2026-11-30T22:00", "2026-11-30T22:00 2027-01-01",
      ])
    #expect(
      Case(ends: "2026-11-30T21:00", zone: "Etc/GMT-1", opened: ["11-01 11-30T22:00"]).laid == [
        "2026-11-01 2026-11-30T21:00 cut"
      ])
  }

  @Test func `a first period neither becomes a trial nor stops being one`() {
    #expect(
      Case(trials: ["14d"], opened: ["11-01 12-01"]).laid == [
        "its first period has begun without a trial, and stays so"
      ])
    #expect(
      Case(opened: ["11-01 11-15 trial", "11-15 12-15"]).laid == ["its first period has begun as a trial, and stays so"]
    )
  }

  @Test func `who is refused keeps what is there, and a zone that the system lacks refuses`() {
    #expect(Case(zone: "Nowhere/Land").laid == ["the system has no time zone 'Nowhere/Land', which is its tenant's"])
  }
}
