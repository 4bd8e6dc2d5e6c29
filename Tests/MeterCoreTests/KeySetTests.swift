import MeterModel
import TestDice
import Testing

@testable import MeterCore

@Suite struct KeySetTests {
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `a key is new once`(_ seed: UInt64) {
    var dice = Dice(seed)
    var set = KeySet()
    var model: Set<SeriesKey> = []
    for _ in 0..<10_000 {
      let key = SeriesKey(high: UInt64(dice.below(3)), low: UInt64(1 + dice.below(4_000)) << (seed % 2 == 0 ? 20 : 0))
      if set.insert(key) != model.insert(key).inserted { Issue.record("seed \(seed): \(key)") }
    }
  }

  @Test func `the key of all zeros is sent each time`() {
    var set = KeySet()
    #expect(set.insert(SeriesKey(high: 0, low: 0)) && set.insert(SeriesKey(high: 0, low: 0)))
  }

  @Test func `the set is bounded by forgetting all`() {
    var set = KeySet(countMax: 1 << 12)
    var (most, forgotten) = (0, 0)
    for low in 1...50_000 as ClosedRange<UInt64> {
      let before = set.bytes
      let isNew = set.insert(SeriesKey(high: 1, low: low &* 0x9E37_79B9_7F4A_7C15))
      #expect(isNew)
      most = max(most, set.bytes)
      if set.bytes < before { forgotten += 1 }
    }
    #expect(most == 2 * (1 << 12) * MemoryLayout<SeriesKey>.stride)
    #expect(forgotten == 8)
  }
}
