import MeterModel
import Testing

@testable import MeterCore

/// A record that holds no event, an empty batch, has no verdict; its timestamp is the log's all the same.
@Suite struct EmptyRecordTests {
  private static let longAgoMs = noonMs - 100 * 3_600_000

  /// Claims at offsets 0 to 2, of which some records hold no event.
  private func outcome(_ tally: inout Tally, empty: Int) -> VerdictCounts {
    let claims = [
      Claim(offset: 0, stampMs: Self.longAgoMs), Claim(offset: 1, stampMs: noonMs, id: 2),
      Claim(offset: 2, stampMs: Self.longAgoMs + 1),
    ]
    var (records, events) = batches(claims)
    events.events.remove(at: empty)
    guard case .applied(let applied) = tally.apply(records, events, now: noon) else { return VerdictCounts() }
    return applied.verdicts
  }

  @Test func `an empty record between two moves the clock on, so that the first is forgotten`() {
    var tally = tally()
    #expect(outcome(&tally, empty: 1)[.counted] == 2)
    #expect(tally.seal().highWaterMs == noonMs)
  }

  @Test func `an empty record at the end of a batch moves the clock that is written`() {
    var tally = tally()
    let (records, events) = batches([
      Claim(offset: 0, stampMs: Self.longAgoMs), Claim(offset: 1, stampMs: noonMs, id: 2),
    ])
    var some = events
    some.events.removeLast()
    guard case .applied(let applied) = tally.apply(records, some, now: noon) else {
      Issue.record("nothing here is cold")
      return
    }
    #expect(applied.cursor == 2)
    let flush = tally.seal()
    #expect(flush.highWaterMs == noonMs)
    #expect(flush.range == OffsetRange(from: 0, to: 2))
  }
}
