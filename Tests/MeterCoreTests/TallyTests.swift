import MeterModel
import Testing

@testable import MeterCore

@Suite struct TallyTests {
  private func claim(_ offset: Int64, _ change: (inout Claim) -> Void = { _ in }) -> Claim {
    var claim = Claim(offset: offset, stampMs: noonMs, id: UInt64(offset) + 100)
    change(&claim)
    return claim
  }

  @Test func `an event is looked at in the order of the contract`() {
    var tally = tally()
    #expect(tally.take(claim(0) { $0.id = 1 }) == ["counted"])
    // Each has every later fault too.
    let early = Instant(nanoseconds: 0)
    let faults: [(Claim, String, Reason?)] = [
      (
        claim(1) { ($0.finding, $0.problem, $0.time, $0.id) = (.refused, .badEncoding, early, 1) }, "quarantined",
        .badEncoding
      ),
      (
        claim(2) { ($0.finding, $0.problem, $0.time, $0.id) = (.refused, .badAttribute, early, 1) }, "quarantined",
        .badAttribute
      ),
      (claim(3) { ($0.finding, $0.time, $0.id) = (.unmetered, early, 1) }, "unmetered", nil),
      (claim(4) { ($0.problem, $0.time, $0.id) = (.badValue, early, 1) }, "quarantined", .tooOld),
      (claim(5) { ($0.problem, $0.id) = (.badValue, 1) }, "duplicate", nil),
      (claim(6) { ($0.problem, $0.id, $0.content) = (.badValue, 1, 5) }, "conflict", nil),
      (claim(7) { $0.problem = .badValue }, "quarantined", .badValue),
      (claim(8) { ($0.problem, $0.units) = (.overflow, 5) }, "quarantined", .overflow),
    ]
    for (claim, verdict, _) in faults { #expect(tally.take(claim) == [verdict], "\(claim.offset)") }
    let flush = tally.seal()
    #expect(flush.quarantined.map(\.reason) == faults.compactMap(\.2))
    #expect(flush.quarantined.map(\.payload) == flush.quarantined.map { _ in Array("acme-src-id".utf8) })
    #expect(flush.rollups.map(\.quantity.units) == [1])
    #expect(flush.verdicts.events == 9)
    #expect(
      flush.conflicts == [
        Conflict(tenant: Array("acme".utf8), source: Array("src".utf8), id: Array("id".utf8), firstOffset: 0, offset: 6)
      ])
  }

  @Test func `the bounds of time are taken, and the nanosecond beyond is not`() {
    let past = tallyRules.pastMax.nanoseconds
    let future = tallyRules.futureMax.nanoseconds
    for (delta, expected) in [
      (-past, "counted"), (-past - 1, "too_old"), (future, "counted"), (future + 1, "in_future"), (0, "counted"),
    ] {
      var tally = tally()
      let verdict = tally.take(claim(0) { $0.time = Instant(nanoseconds: noon.nanoseconds + delta) })
      #expect((tally.seal().quarantined.first?.reason.rawValue ?? verdict[0]) == expected, "\(delta)")
    }
    for (deltaMs, expected) in [(Int64(600_000), "counted"), (600_001, "in_future"), (.max - noonMs, "in_future")] {
      var tally = tally()
      let verdict = tally.take(claim(0) { $0.stampMs = noonMs + deltaMs })
      #expect((tally.seal().quarantined.first?.reason.rawValue ?? verdict[0]) == expected, "\(deltaMs)")
    }
  }

  @Test func `times at the ends of the range are refused and trap nothing`() {
    for stamp in [0, 1, noonMs, Int64.max] {
      for time in [Instant(nanoseconds: .min), Instant(nanoseconds: .max)] {
        for now in [Instant(nanoseconds: .min), noon, Instant(nanoseconds: .max)] {
          var tally = tally()
          _ = tally.take(claim(0) { ($0.stampMs, $0.time) = (stamp, time) }, now: now)
          #expect(tally.seal().verdicts.events == 1)
        }
      }
    }
  }

  @Test func `a record ahead of this machine's clock moves no high water`() {
    var tally = tally()
    #expect(tally.take(claim(0), claim(1) { $0.stampMs = noonMs + 600_001 }) == ["counted", "quarantined"])
    #expect(tally.highWaterMs == noonMs)
    _ = tally.take(claim(2) { $0.stampMs = noonMs + 600_000 })
    #expect(tally.highWaterMs == noonMs + 600_000)
    _ = tally.take(claim(3) { $0.stampMs = noonMs - 5 })
    #expect(tally.seal().highWaterMs == noonMs + 600_000)
  }

  @Test func `the timestamp of every other record is accepted, whatever becomes of its events`() {
    var tally = tally()
    _ = tally.take(
      claim(0) { ($0.finding, $0.problem) = (.refused, .notJSON) },
      claim(1) { ($0.finding, $0.stampMs) = (.unmetered, noonMs + 1) })
    #expect(tally.highWaterMs == noonMs + 1)
  }

  @Test func `a record without a timestamp happens at the high water`() {
    var tally = tally(highWaterMs: noonMs)
    #expect(tally.take(claim(0) { $0.stampMs = -1 }) == ["counted"])
    #expect(tally.highWaterMs == noonMs)
    #expect(tally.seal().rollups.map(\.windowStartSeconds) == [noonMs / 3_600_000 * 3_600])
  }

  @Test func `what was quarantined or unmetered is not remembered`() {
    var tally = tally()
    let bad: [(inout Claim) -> Void] = [
      { $0.problem = .badValue }, { $0.finding = .unmetered }, { ($0.finding, $0.problem) = (.refused, .badAttribute) },
      { $0.time = Instant(nanoseconds: 0) }, { $0.units = Quantity.bound },
    ]
    for (index, change) in bad.enumerated() {
      let first = claim(Int64(index * 2)) {
        $0.id = UInt64(index)
        change(&$0)
      }
      #expect(tally.take(first) != ["counted"])
      #expect(tally.take(claim(Int64(index * 2 + 1)) { $0.id = UInt64(index) }) == ["counted"], "\(index)")
    }
    #expect(tally.seal().identities.map(\.count) == [bad.count])
  }

  @Test func `a window's sum stays within 38 digits and an event beyond it changes nothing`() {
    var tally = tally()
    #expect(tally.take(claim(0) { $0.units = Quantity.bound - 2 }) == ["counted"])
    #expect(tally.take(claim(1) { $0.units = 2 }) == ["quarantined"])
    #expect(tally.take(claim(2) { $0.units = 1 }) == ["counted"])
    #expect(tally.take(claim(3) { ($0.units, $0.series) = (Quantity.bound - 1, 2) }) == ["counted"])
    let flush = tally.seal()
    #expect(flush.rollups.map(\.quantity.units) == [Quantity.bound - 1, Quantity.bound - 1])
    #expect(flush.rollups.map(\.events) == [2, 1])
    #expect(flush.quarantined.map(\.reason) == [.overflow])
  }

  @Test func `a seal hands everything out once`() {
    var tally = tally(cursor: 5)
    _ = tally.take(claim(7), claim(9) { $0.problem = .badValue }, claim(10) { $0.id = 107 })
    let first = tally.seal()
    #expect(first.number == 1 && first.epoch == Epoch(9) && first.partition == PartitionNumber(3))
    #expect(first.range == OffsetRange(from: 5, to: 11))
    #expect(first.verdicts.events == 3 && first.series.count == 1 && first.identities.count == 1)
    let empty = tally.seal()
    #expect(empty.number == 2 && empty.range == OffsetRange(from: 11, to: 11))
    #expect(empty.rows == 0 && empty.verdicts == VerdictCounts())
    _ = tally.take(claim(11), claim(12) { $0.id = 107 })
    let third = tally.seal()
    #expect(third.series.isEmpty, "the database knows the series already")
    #expect(third.verdicts[.duplicate] == 1 && third.rollups.map(\.events) == [1])
  }

  @Test func `pending bytes are those since the last seal, however much came before`() {
    var tally = tally()
    let idle = tally.size.pendingBytes
    let many = (0..<20_000).map { index in claim(Int64(index)) { $0.series = UInt64(index) &* 0x9E37_79B9_7F4A_7C15 } }
    _ = tally.take(many)
    #expect(tally.size.pendingBytes > idle + 20_000 * 48)
    _ = tally.seal()
    #expect(tally.size.pendingBytes <= idle)
    _ = tally.take(claim(30_000))
    #expect(tally.size.pendingBytes < idle + 4_096)
    #expect(tally.size.pendingRows == tally.seal().rows)
  }

  @Test func `pending bytes count what quarantined events and conflicts hold`() {
    var tally = tally()
    _ = tally.take(claim(0))
    let before = tally.size.pendingBytes
    _ = tally.take((1...1_000).map { offset in claim(offset) { ($0.id, $0.content) = (100, 1) } })
    #expect(tally.size.pendingBytes - before > 1_000 * 9)
    let conflicts = tally.size.pendingBytes
    _ = tally.take((2_000..<3_000).map { offset in claim(offset) { $0.problem = .badValue } })
    #expect(tally.size.pendingBytes - conflicts > 1_000 * 11)
  }

  @Test func `pages of a database in any order give a restored tally the same first offsets`() {
    let rules = Tally.Rules(
      windows: tallyRules.windows, dedupeWindow: .milliseconds(1_600), pastMax: .days(1), futureMax: .days(1),
      seriesMax: 100)
    var first = tally(rules)
    let claims = (0..<40).map { index in claim(Int64(index) * 1_000_000) { $0.stampMs = noonMs + Int64(index) * 40 } }
    _ = first.take(claims)
    let flush = first.seal()
    #expect(flush.identities.count > 5)
    for pages in [flush.identities, flush.identities.reversed()] {
      var second = tally(rules, cursor: flush.range.to, highWaterMs: flush.highWaterMs)
      for page in pages { second.restore(page) }
      let again = claims.suffix(10).enumerated().map { index, old in
        claim(flush.range.to + Int64(index)) { ($0.id, $0.content, $0.stampMs) = (old.id, 1, flush.highWaterMs) }
      }
      #expect(second.take(again) == ["conflict x10"])
      #expect(second.seal().conflicts.map(\.firstOffset) == claims.suffix(10).map(\.offset))
    }
  }

  @Test(arguments: [1, 6, 24, 36, 72])
  func `an identity counted under another dedupe window is still known`(_ hours: Int64) {
    var before = Tally(
      partition: PartitionNumber(1), epoch: Epoch(1), cursor: 0, highWaterMs: 0,
      rules: Tally.Rules(
        windows: WindowGrid(length: .hours(1)), dedupeWindow: .hours(24), pastMax: .days(35), futureMax: .minutes(10),
        seriesMax: 100))
    #expect(before.take(claim(0) { $0.id = 7 }) == ["counted"])
    let flush = before.seal()
    var after = Tally(
      partition: PartitionNumber(1), epoch: Epoch(2), cursor: 1, highWaterMs: flush.highWaterMs,
      rules: Tally.Rules(
        windows: WindowGrid(length: .hours(1)), dedupeWindow: .hours(hours), pastMax: .days(35),
        futureMax: .minutes(10),
        seriesMax: 100))
    for page in flush.identities { after.restore(page) }
    #expect(after.take(claim(1) { $0.id = 7 }) == ["duplicate"])
  }
}
