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

  private static func trial(_ text: String) throws -> Trial {
    let span = try #require(TimeSpan(text: text))
    return text.hasSuffix("d") ? .days(Int(span.seconds / 86_400)) : .span(span)
  }

  private static func calendar(_ given: GoldenFields) throws -> PeriodCalendar {
    PeriodCalendar(
      zone: try zone(try #require(given.text("time_zone"))),
      startsAt: try #require(given.text("starts_at").flatMap { Instant(text: $0) }),
      trial: try given.text("trial").map(trial), endsAt: given.text("ends_at").flatMap { Instant(text: $0) })
  }

  private static let vectors = GoldenVector.all("periods")

  @Test func `all golden periods are here`() { #expect(Self.vectors.count >= 44) }

  @Test(arguments: vectors) func `golden periods begin and end where they must`(_ vector: GoldenVector) throws {
    let (given, expect) = (try vector.given, try vector.expect)
    var calendar = try Self.calendar(given)
    var isExtended = true
    if let extend = given.object("extend") {
      let longer = calendar.extended(
        to: try Self.trial(try #require(extend.text("trial"))),
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
}
