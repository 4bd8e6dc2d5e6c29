import MeterOracle
import Testing

@Suite struct IdentityTests {
  private let hour: Int64 = 3_600_000

  /// The clock stands far ahead so that records may come hours apart.
  private func patient(_ forgetting: OracleForgetting = .afterWindow(plus: .zero)) -> Kitchen {
    Kitchen {
      $0.now = OracleInstant(milliseconds: quarterPastTen + 1000 * hour)
      $0.forgetting = forgetting
    }
  }

  @Test func `the same event twice is counted once`() {
    var kitchen = Kitchen()
    kitchen.take(event())
    kitchen.take(event())
    #expect(kitchen.rows() == ["acme calls 0h 1 x1"])
    #expect(kitchen.results().accounting[0].verdicts == [.counted: 1, .duplicate: 1])
  }

  @Test(arguments: [
    event(id: "e2"), event(source: "s2"), event(subject: "umbrella"),
  ])
  func `tenant, source and id make the identity`(_ other: String) {
    var kitchen = Kitchen()
    kitchen.take(event())
    kitchen.take(other)
    #expect(kitchen.count(.counted) == 2)
  }

  @Test(arguments: [
    (event(time: "2026-11-21T10:15:00Z"), event(time: "2026-11-21T11:15:00.000+01:00"), OracleVerdict.duplicate),
    (event(time: "2026-11-21T10:15:00Z"), event(time: "2026-11-21T10:15:00.000000001Z"), .conflict),
    (event(time: "2026-11-21T10:15:00Z"), event(), .conflict),
    (event(data: "{\"a\":1,\"b\":[2,3]}"), event(data: "{ \"b\" : [2, 3], \"a\" : 1 }"), .duplicate),
    (event(data: "{\"a\":[2,3]}"), event(data: "{\"a\":[3,2]}"), .conflict),
    (event(data: "{\"a\":1}"), event(data: "{\"a\":1.0}"), .conflict),
    (event(data: "{\"a\":\"\\u0041\\/\"}"), event(data: "{\"a\":\"A/\"}"), .duplicate),
    (event(data: "{\"a\":1}"), event(data: "{\"a\":\"1\"}"), .conflict),
    (event(data: "{}"), event(), .duplicate),
    (event(data: "null"), event(), .duplicate),
    (event(), event(extra: ",\"corrects\":\"x\""), .conflict),
    (event(), event(extra: ",\"traceparent\":\"x\",\"reservation\":\"r\""), .duplicate),
    (event(), event(type: "u"), .conflict),
  ])
  func `the content decides between duplicate and conflict`(
    _ first: String, _ second: String, _ expected: OracleVerdict
  ) {
    var kitchen = Kitchen([calls, OracleMeter(name: "others", event: "u", aggregate: .count)])
    kitchen.take(first)
    kitchen.take(second)
    #expect(kitchen.results().accounting[0].verdicts == [.counted: 1, expected: 1])
    #expect(kitchen.results().usage.map(\.quantity) == ["1"])
  }

  @Test func `a conflict is listed with both offsets and the first stays`() {
    var kitchen = Kitchen([tokens])
    kitchen.take(event(data: "{\"n\":1}"))
    kitchen.take(event(id: "other", data: "{\"n\":10}"))
    kitchen.take(event(data: "{\"n\":2}"))
    kitchen.take("[\(event(data: "{\"n\":\"soon\"}"))]")
    let conflicts = kitchen.results().conflicts
    #expect(conflicts.map(\.firstOffset) == [0, 0])
    #expect(conflicts.map(\.offset) == [2, 3])
    #expect(conflicts[0].tenant == "acme" && conflicts[0].source == "s" && conflicts[0].id == "e1")
    #expect(kitchen.rows() == ["acme tokens 0h 11 x2"])
    #expect(kitchen.reasons.isEmpty)
  }

  @Test func `an identity is known for the dedupe window after it was counted and then forgotten`() {
    var kitchen = patient()
    kitchen.take(event())
    kitchen.take(event(), at: quarterPastTen + 24 * hour)
    #expect(kitchen.count(.duplicate) == 1)
    kitchen.take(event(), at: quarterPastTen + 24 * hour + 1)
    #expect(kitchen.count(.counted) == 2)
  }

  @Test func `age is measured by the largest timestamp of the partition and not by the event's own`() {
    var kitchen = patient()
    kitchen.take(event(id: "a"))
    kitchen.take(event(id: "b"), at: quarterPastTen + 25 * hour)
    kitchen.take(event(id: "c"), at: quarterPastTen)
    kitchen.take(event(id: "a"), at: quarterPastTen)
    #expect(kitchen.count(.counted) == 4)
    // The late arrival was counted when 25 hours had passed, so it lives until 49.
    kitchen.take(event(id: "c"), at: quarterPastTen + 49 * hour)
    #expect(kitchen.count(.duplicate) == 1)
  }

  @Test func `forgetting may be put off or left out`() {
    var later = patient(.afterWindow(plus: .seconds(3600)))
    later.take(event())
    later.take(event(), at: quarterPastTen + 25 * hour)
    #expect(later.count(.duplicate) == 1)
    var never = patient(.never)
    never.take(event())
    never.take(event(), at: quarterPastTen + 900 * hour)
    #expect(never.count(.duplicate) == 1)
  }

  /// Of 24 hours a sixteenth is 90 minutes: 10:15 lies in the one from 9:00 to 10:30, and the seventeenth after it
  /// begins at 10:30 of the next day.
  @Test(arguments: [(0, 1455), (14, 1441), (15, 1530), (-75, 1530)] as [(Int64, Int64)])
  func `by sixteenths an identity is known for the window and at most a sixteenth longer`(
    _ countedMinutes: Int64, _ knownMinutes: Int64
  ) {
    let counted = quarterPastTen + countedMinutes * 60_000
    for (age, expected) in [(knownMinutes * 60_000 - 1, OracleVerdict.duplicate), (knownMinutes * 60_000, .counted)] {
      var kitchen = patient(.bySixteenths)
      kitchen.take(event(time: "2026-11-21T09:00:00Z"), at: counted)
      kitchen.take(event(time: "2026-11-21T09:00:00Z"), at: counted + age)
      #expect(kitchen.count(expected) == (expected == .counted ? 2 : 1))
    }
  }

  @Test func `a sixteenth is rounded up to whole milliseconds`() {
    for (windowMs, forgottenAt) in [(Int64(10), Int64(17)), (1000, 63 * 17)] {
      for (age, duplicates) in [(forgottenAt - 1, 1), (forgottenAt, 0)] {
        var kitchen = Kitchen {
          $0.forgetting = .bySixteenths
          $0.dedupeWindow = .milliseconds(windowMs)
        }
        kitchen.take(event(time: "1970-01-01T00:00:00Z"), at: 0)
        kitchen.take(event(time: "1970-01-01T00:00:00Z"), at: age)
        #expect(kitchen.count(.duplicate) == duplicates)
      }
    }
  }

  @Test func `a record ahead of the clock does not age what is remembered`() {
    var kitchen = Kitchen()
    kitchen.take(event())
    kitchen.take(event(id: "b"), at: quarterPastTen + 1000 * hour)
    kitchen.take(event())
    #expect(kitchen.results().accounting[0].verdicts == [.counted: 1, .quarantined: 1, .duplicate: 1])
  }

  @Test func `a good event may follow a quarantined or an unmetered one of the same identity`() {
    var kitchen = Kitchen([tokens])
    kitchen.take(event(data: "{\"n\":\"x\"}"))
    kitchen.take(event(type: "other"))
    kitchen.take(event(data: "{\"n\":3}"))
    #expect(kitchen.rows() == ["acme tokens 0h 3 x1"])
    #expect(kitchen.results().accounting[0].verdicts == [.quarantined: 1, .unmetered: 1, .counted: 1])
  }

  @Test func `identities are remembered per partition`() {
    var kitchen = Kitchen()
    kitchen.take(event())
    kitchen.take(event(), partition: 1)
    #expect(kitchen.rows() == ["acme calls 0h 2 x2"])
    #expect(kitchen.results().accounting.map(\.partition) == [0, 1])
    #expect(kitchen.results().accounting.map(\.events) == [1, 1])
  }
}
