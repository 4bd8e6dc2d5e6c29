import MeterModel
import Testing
import TestDice

@testable import MeterCore

@Suite struct TallySplitTests {
  /// What flushes add up to.
  private struct Sum: Equatable {
    var verdicts = VerdictCounts()
    var rollups: [String: [Int128]] = [:]
    var identities: [[UInt64]] = []
    var quarantined: [Int64] = []
    var conflicts: [Conflict] = []
    var cursor: Int64 = 0
    var highWaterMs: Int64 = 0

    mutating func add(_ flush: Flush) {
      #expect(flush.range.from == cursor)
      cursor = flush.range.to
      highWaterMs = flush.highWaterMs
      verdicts += flush.verdicts
      for rollup in flush.rollups {
        let key = "\(rollup.series) \(rollup.windowStartSeconds)"
        let old = rollups[key] ?? [0, 0]
        rollups[key] = [old[0] + rollup.quantity.units, old[1] + Int128(rollup.events)]
      }
      for page in flush.identities {
        for index in 0..<page.count {
          let entry = page[index]
          identities.append([
            UInt64(bitPattern: page.generationEndMs), entry.fingerprint, UInt64(entry.offset), UInt64(entry.content),
          ])
        }
      }
      quarantined += flush.quarantined.map(\.offset)
      conflicts += flush.conflicts
    }
  }

  private static let rules = Tally.Rules(
    windows: WindowGrid(length: .minutes(1)), dedupeWindow: .milliseconds(3_210), pastMax: .minutes(5),
    futureMax: .seconds(1), seriesMax: 100)

  private static func claims(_ dice: inout Dice) -> [Claim] {
    var offset: Int64 = -1
    var clock = noonMs - 3_600_000
    return (0..<1_500).map { _ in
      offset += 1 + Int64(dice.once(in: 10) ? dice.below(50) : 0)
      clock += Int64(dice.once(in: 100) ? dice.below(8_000) : dice.below(20))
      var claim = Claim(offset: offset, stampMs: clock, id: UInt64(dice.below(300)), content: dice.once(in: 8) ? 1 : 0)
      if dice.once(in: 10) { claim.stampMs -= Int64(dice.below(5_000)) }
      if dice.once(in: 50) { claim.stampMs = noonMs + Int64(dice.below(5_000)) }
      if dice.once(in: 3) {
        claim.time = Instant(nanoseconds: (claim.stampMs - Int64(dice.below(310_000))) * 1_000_000)
      }
      if dice.once(in: 12) { claim.problem = dice.pick([.badValue, .badDimension, .overflow]) }
      if dice.once(in: 12) { claim.finding = dice.pick([.refused, .unmetered]) }
      claim.units = Int128(dice.below(1_000))
      claim.series = UInt64(dice.below(20))
      return claim
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `batches, seals and restarts may fall anywhere and the sums stay the same`(_ seed: UInt64) {
    var dice = Dice(seed)
    let claims = Self.claims(&dice)
    var whole = Sum()
    var single = tally(Self.rules)
    _ = single.take(claims)
    whole.add(single.seal())
    #expect(Verdict.allCases.filter { whole.verdicts[$0] > 0 }.count == 5)

    for _ in 0..<4 {
      var sum = Sum()
      var pages: [IdentityPage] = []
      var tally = tally(Self.rules)
      var next = 0
      while next < claims.count {
        let end = min(claims.count, next + 1 + dice.below(60))
        _ = tally.take(Array(claims[next..<end]))
        next = end
        if dice.once(in: 3) || next == claims.count {
          let flush = tally.seal()
          sum.add(flush)
          pages += flush.identities
          pages.removeAll { $0.generationEndMs < flush.forgetBeforeMs }
        }
        if dice.once(in: 8), next < claims.count {
          // A crash: what was not sealed is counted again from the cursor.
          tally = MeterCoreTests.tally(Self.rules, cursor: sum.cursor, highWaterMs: sum.highWaterMs)
          for page in pages { tally.restore(page) }
          next = claims.firstIndex { $0.offset >= sum.cursor } ?? claims.count
        }
      }
      #expect(sum == whole, "seed \(seed)")
    }
  }
}
