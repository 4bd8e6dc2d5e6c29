import Foundation
import MeterConfig
import MeterModel
import TestGolden
import Testing

@testable import MeterRating

@Suite struct PeriodTests {
  static func zone(_ name: String) throws -> TimeZoneTable {
    let file = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)"))
    return try #require(TimeZoneTable([UInt8](file)), "\(name)")
  }

  private static func calendar(_ given: GoldenFields) throws -> PeriodCalendar {
    PeriodCalendar(
      zone: try zone(try #require(given.text("time_zone"))),
      startsAt: try #require(given.text("starts_at").flatMap { Instant(text: $0) }),
      trial: given.text("trial").flatMap { Trial(text: $0) },
      endsAt: given.text("ends_at").flatMap { Instant(text: $0) })
  }

  private static let vectors = GoldenVector.all("periods")

  @Test func `all golden periods are here`() { #expect(Self.vectors.count >= 44) }

  @Test(arguments: vectors) func `golden periods begin and end where they must`(_ vector: GoldenVector) throws {
    let (given, expect) = (try vector.given, try vector.expect)
    var calendar = try Self.calendar(given)
    var isExtended = true
    if let extend = given.object("extend") {
      let longer = calendar.extended(
        to: try #require(extend.text("trial").flatMap { Trial(text: $0) }),
        at: try #require(extend.text("at").flatMap { Instant(text: $0) }))
      isExtended = longer != nil
      calendar = longer ?? calendar
    }
    let misfit = calendar.misfit(window: try #require(given.text("rollup_window").flatMap { TimeSpan(text: $0) }))
    guard expect.flag("refused") != true else {
      #expect(misfit != nil || !isExtended)
      if let first = expect.text("first_bad") {
        #expect(misfit?.first == Instant(text: first))
        #expect(misfit?.window == expect.text("window").flatMap { TimeSpan(text: $0) })
      }
      return
    }
    #expect(misfit == nil && isExtended)
    let periods = expect.objects("periods")
    for (number, wanted) in periods.enumerated() {
      let period = try #require(calendar.period(number))
      #expect(period.start == wanted.text("start").flatMap { Instant(text: $0) })
      #expect(period.end == wanted.text("end").flatMap { Instant(text: $0) })
      #expect("\(period.kind)" == wanted.text("kind"))
      #expect(calendar.period(containing: period.start) == period)
      #expect(calendar.period(containing: Instant(nanoseconds: period.end.nanoseconds - 1)) == period)
    }
    if periods.count < given.integer("count") ?? 0 { #expect(calendar.period(periods.count) == nil) }
    for (number, wanted) in expect.objects("fee_periods").enumerated() {
      let period = calendar.feePeriod(number, months: 12)
      #expect(period.start == wanted.text("start").flatMap { Instant(text: $0) })
      #expect(period.end == wanted.text("end").flatMap { Instant(text: $0) })
    }
  }

  @Test func `every zone of the system is read, and its clocks show what another reader of the same database says`()
    throws
  {
    let names = TimeZone.knownTimeZoneIdentifiers
    #expect(names.count > 300)
    for name in names {
      let table = try Self.zone(name)
      let other = try #require(TimeZone(identifier: name))
      var seconds: Int64 = 0
      while seconds < 4_102_444_800 {
        let wanted = other.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
        guard table.offset(at: seconds) == wanted else {
          Issue.record("\(name) at \(seconds): \(table.offset(at: seconds)), not \(wanted)")
          break
        }
        seconds += 7 * 86_400 + 3_611
      }
    }
  }

  private struct Around {
    let zone: TimeZoneTable
    let change: Int64

    /// The calendars of months that begin a year before the change, at the time of day in the middle of what is skipped or comes twice.
    func calendars() -> [(calendar: PeriodCalendar, isOfThatDay: Bool)] {
      let (before, after) = (zone.offset(at: change - 1), zone.offset(at: change))
      let wall = Int(change) + min(before, after) + abs(after - before) / 2
      let (date, seconds) = (CivilDate(daysSince1970: wall / 86_400), wall % 86_400)
      return [1, 15, 28, 29, 30, 31, date.day].map { day in
        let last = CivilDate.days(in: date.month, of: date.year - 1)
        let first = CivilDate(year: date.year - 1, month: date.month, day: min(day, last))
        let start = zone.seconds(atLocal: Int64(first.daysSince1970 * 86_400 + seconds))
        return (
          PeriodCalendar(zone: zone, startsAt: Instant(nanoseconds: start * 1_000_000_000)), day == date.day
        )
      }
    }
  }

  /// The instants at which clocks change, how many starts of periods were worked out around them, and a number of them all.
  private struct Line {
    var zone: String
    var changes: [Int64]
    var count: Int
    var digest: UInt64

    init?(_ text: Substring) {
      let words = text.split(separator: " ")
      guard words.count == 4, let count = Int(words[2]), let digest = UInt64(words[3]) else { return nil }
      zone = String(words[0])
      changes = words[1].split(separator: ",").compactMap { Int64($0) }
      (self.count, self.digest) = (count, digest)
    }
  }

  @Test func `around every change of every zone's clocks months begin where another reader of the database has them`()
    throws
  {
    let script = GoldenVector.folder.appendingPathComponent("zone-periods.py").path
    let lines = try output("/usr/bin/python3", [script]).split(separator: "\n").map { try #require(Line($0)) }
    #expect(lines.count > 150)
    var changes = 0
    for line in lines {
      let zone = try Self.zone(line.zone)
      var (count, digest): (Int, UInt64) = (0, 0)
      for change in line.changes {
        #expect(zone.offset(at: change - 1) != zone.offset(at: change), "\(line.zone) \(change)")
        changes += 1
        for (calendar, isOfThatDay) in Around(zone: zone, change: change).calendars() {
          for month in (isOfThatDay ? 1 : 10)..<15 {
            let start = calendar.start(ofMonth: month)
            digest = digest &* 6_364_136_223_846_793_005 &+ UInt64(start.nanoseconds / 1_000_000_000)
            digest &+= 1_442_695_040_888_963_407
            count += 1
            // Without a gap, and each instant in one period only.
            let (period, next) = (calendar.period(month), calendar.period(month + 1))
            #expect(period.map { $0.start == start && $0.start < $0.end && $0.end == next?.start } == true)
            #expect(calendar.period(containing: start) == period)
            #expect(
              calendar.period(containing: Instant(nanoseconds: start.nanoseconds - 1)) == calendar.period(month - 1))
          }
        }
      }
      #expect(count == line.count && digest == line.digest, "\(line.zone)")
    }
    #expect(changes > 5_000)
  }

  private func output(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: data, as: UTF8.self)
  }
}
