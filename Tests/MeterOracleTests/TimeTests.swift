import MeterOracle
import Testing

@Suite struct TimeTests {
  @Test func `an event 35 days before its record is counted and one a nanosecond older is too old`() {
    var kitchen = Kitchen()
    kitchen.take(event(id: "a", time: "2026-10-17T10:15:00Z"))
    kitchen.take(event(id: "b", time: "2026-10-17T10:14:59.999999999Z"))
    #expect(kitchen.count(.counted) == 1)
    #expect(kitchen.reasons == [.tooOld])
  }

  @Test func `an event ten minutes after its record is counted and one a nanosecond later is in the future`() {
    var kitchen = Kitchen()
    kitchen.take(event(id: "a", time: "2026-11-21T10:25:00Z"))
    kitchen.take(event(id: "b", time: "2026-11-21T10:25:00.000000001Z"))
    #expect(kitchen.count(.counted) == 1)
    #expect(kitchen.reasons == [.inFuture])
  }

  @Test func `the time is held against the record's timestamp and not against the clock`() {
    var kitchen = Kitchen()
    let yearBefore = quarterPastTen - 365 * 86_400_000
    kitchen.take(event(time: "2025-11-21T10:00:00Z"), at: yearBefore)
    #expect(kitchen.count(.counted) == 1)
  }

  @Test func `a record more than ten minutes ahead of the clock is in the future with all its events`() {
    var kitchen = Kitchen()
    kitchen.take("[\(event(id: "a", time: "2026-11-21T10:15:00Z")),\(event(id: "b"))]", at: quarterPastTen + 600_001)
    kitchen.take(event(id: "c"), at: quarterPastTen + 600_000)
    #expect(kitchen.reasons == [.inFuture, .inFuture])
    #expect(kitchen.count(.counted) == 1)
  }

  @Test func `windows are half-open and aligned in UTC`() {
    var kitchen = Kitchen()
    kitchen.take(event(id: "a", time: "2026-11-21T09:59:59.999999999Z"))
    kitchen.take(event(id: "b", time: "2026-11-21T10:00:00Z"))
    kitchen.take(event(id: "c", time: "2026-11-21T15:29:60+05:30"))
    #expect(kitchen.rows() == ["acme calls -1h 2 x2", "acme calls 0h 1 x1"])
  }

  @Test func `a window before 1970 starts before its events`() {
    var kitchen = Kitchen { $0.maxPast = .seconds(3_000_000_000) }
    kitchen.take(event(time: "1969-12-31T23:59:59.5Z"))
    #expect(kitchen.results().usage[0].windowStart == -3600)
    #expect(kitchen.results().usage[0].windowEnd == 0)
  }

  @Test func `a shorter window splits the hour`() {
    var kitchen = Kitchen { $0.rollupWindow = .seconds(900) }
    kitchen.take(event(id: "a", time: "2026-11-21T10:14:59Z"))
    kitchen.take(event(id: "b", time: "2026-11-21T10:15:00Z"))
    #expect(kitchen.results().usage.map(\.windowStart) == [ten, ten + 900])
  }
}
