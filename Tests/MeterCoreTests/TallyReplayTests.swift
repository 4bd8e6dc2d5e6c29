import MeterModel
import Testing

@testable import MeterCore

@Suite struct TallyReplayTests {
  /// Held long before everything that was counted since.
  private func held(_ id: Int64 = 1, _ change: (inout Claim) -> Void = { _ in }) -> (HeldEvent, Claim) {
    var claim = Claim(offset: 5, stampMs: noonMs - 3_600_000, id: 77)
    claim.time = Instant(saturatingMilliseconds: noonMs - 3_600_000)
    change(&claim)
    return (HeldEvent(id: id, place: 0, form: .inflated), claim)
  }

  private func tallyWithPast() -> Tally {
    var tally = tally()
    for offset in 10..<14 as Range<Int64> {
      _ = tally.take(Claim(offset: offset, stampMs: noonMs, id: UInt64(offset) + 100))
    }
    _ = tally.seal()
    return tally
  }

  @Test func `a replay counts at its own offset and time, and moves neither the cursor nor the high water`() {
    var tally = tallyWithPast()
    let (event, claim) = held()
    #expect(tally.replay(event, claim) == ["counted"])
    #expect(tally.cursor == 14 && tally.highWaterMs == noonMs)
    let flush = tally.seal()
    #expect(flush.range == OffsetRange(from: 14, to: 14))
    #expect(flush.highWaterMs == noonMs)
    #expect(flush.verdicts[.counted] == 1 && flush.verdicts[.quarantined] == -1 && flush.verdicts.events == 0)
    #expect(flush.replays.map(\.id) == [1] && flush.replays.map(\.verdict) == ["counted"])
    #expect(flush.rollups.map(\.events) == [1])
    #expect(flush.rollups[0].windowStartSeconds == (noonMs / 3_600_000 - 1) * 3_600)
    let entry = flush.identities[0][0]
    #expect(entry.offset == 5)
    // It is remembered as of now, for as long as what comes now.
    #expect(flush.identities[0].generationEndMs >= noonMs)
    #expect(tally.seal().replays.isEmpty)
  }

  @Test func `it is judged by what is remembered now`() {
    var tally = tallyWithPast()
    #expect(tally.replay(held(1).0, held(1) { $0.id = 111 }.1) == ["duplicate"])
    #expect(tally.replay(held(2).0, held(2) { ($0.id, $0.content) = (111, 9) }.1) == ["conflict"])
    #expect(tally.replay(held(3).0, held(3).1) == ["counted"])
    #expect(tally.replay(held(4).0, held(4).1) == ["duplicate"])
    #expect(tally.take(Claim(offset: 14, stampMs: noonMs, id: 77, content: 9)) == ["conflict"])
    let flush = tally.seal()
    #expect(flush.verdicts[.quarantined] == -4)
    #expect(flush.verdicts.events == 1)
    #expect(flush.conflicts.map(\.offset) == [5, 14])
    #expect(flush.conflicts.map(\.firstOffset) == [11, 5])
  }

  @Test func `still bad, it names the row that it is and keeps its form`() {
    var tally = tallyWithPast()
    let (event, claim) = held(9) { $0.problem = .badValue }
    #expect(tally.replay(event, claim) == ["quarantined"])
    // What comes from the log afterwards is a row of its own.
    #expect(tally.take(Claim(offset: 14, stampMs: noonMs, id: 500, problem: .badValue)) == ["quarantined"])
    let flush = tally.seal()
    #expect(flush.quarantined.map(\.source) == [9, nil])
    #expect(flush.quarantined.map(\.form) == [.inflated, .received])
    #expect(flush.quarantined.map(\.offset) == [5, 14])
    #expect(flush.verdicts[.quarantined] == 1)
    #expect(flush.replays == [Replay(id: 9, verdicts: flush.replays[0].verdicts)])
    #expect(flush.replays[0].verdict == "quarantined")
  }

  @Test func `a window that is not in memory is asked for first, and nothing is counted meanwhile`() {
    var tally = Tally(
      partition: PartitionNumber(1), epoch: Epoch(1), cursor: 14, highWaterMs: noonMs,
      newestWindow: tallyRules.windows.number(of: noon), rules: tallyRules)
    let (event, claim) = held()
    let keys = tally.coldKeys(event, claim)
    #expect(!keys.isEmpty)
    #expect(tally.seal().replays.isEmpty)
    tally.admit(keys, [])
    #expect(tally.replay(event, claim) == ["counted"])
    #expect(tally.seal().replays.count == 1)
  }

  @Test func `a record without a timestamp is as old as the partition`() {
    var tally = tallyWithPast()
    let (event, claim) = held(1) { ($0.stampMs, $0.time) = (-1, nil) }
    #expect(tally.replay(event, claim) == ["counted"])
    #expect(tally.seal().rollups.map(\.windowStartSeconds) == [noonMs / 3_600_000 * 3_600])
  }

  @Test func `one from the future that has come is counted, and does not drag the clock along`() {
    var tally = tallyWithPast()
    let ahead = noonMs + 300_000
    let (event, claim) = held(1) { ($0.stampMs, $0.time) = (ahead, nil) }
    #expect(tally.replay(event, claim) == ["counted"])
    #expect(tally.highWaterMs == noonMs)
  }
}
