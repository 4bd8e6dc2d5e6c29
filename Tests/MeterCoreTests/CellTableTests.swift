import MeterModel
import TestDice
import Testing

@testable import MeterCore

@Suite struct CellTableTests {
  private struct Key: Hashable {
    var low: UInt64
    var window: Int32

    var series: SeriesKey { SeriesKey(high: 9, low: low) }
  }

  @Test func `every small layout keeps its cells`() {
    // Series and windows whose slots are neighbours at the end of the index, in every order of five.
    let keys = [
      Key(low: 1023, window: 0), Key(low: 1022, window: 0), Key(low: 1023 + 1024, window: 0), Key(low: 0, window: 0),
      Key(low: 1023, window: -1),
    ]
    func orders(_ left: [Int]) -> [[Int]] {
      left.isEmpty ? [[]] : left.flatMap { first in orders(left.filter { $0 != first }).map { [first] + $0 } }
    }
    for order in orders([0, 1, 2, 3, 4]) {
      var table = CellTable()
      for (count, index) in order.enumerated() {
        let before = table.find(keys[index].series, keys[index].window)
        #expect(before == -1)
        let position = table.make(
          keys[index].series, keys[index].window, group: CellTable.noGroup, total: 0, isDefined: true)
        #expect(position == count)
        table.add(Int128(index), events: 1, scale: 3, at: position)
      }
      for (position, index) in order.enumerated() {
        let (found, cell) = (table.find(keys[index].series, keys[index].window), table[position])
        #expect(found == position && cell.units == Int128(index) && cell.events == 1)
      }
      let other = table.find(SeriesKey(high: 1, low: keys[0].low), keys[0].window)
      #expect(other == -1)
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `the table sums what a dictionary sums, over seals and whatever is forgotten`(_ seed: UInt64) {
    struct Sum {
      var total: Int128 = 0
      var units: Int128 = 0
      var events: Int32 = 0
    }
    var dice = Dice(seed)
    var table = CellTable()
    var model: [Key: Sum] = [:]
    for _ in 0..<8 {
      for _ in 0..<dice.pick([0, 10, 500, 3_000]) {
        let key = Key(
          low: UInt64(dice.below(seed % 2 == 0 ? 300 : 100_000)) << (seed % 3 == 0 ? 30 : 0),
          window: Int32(dice.below(5)) - 2)
        let units = Int128(dice.below(1_000))
        var position = table.find(key.series, key.window)
        if (position < 0) != (model[key] == nil) { Issue.record("seed \(seed): \(key) is there or not") }
        if position < 0 {
          position = table.make(key.series, key.window, group: CellTable.noGroup, total: 0, isDefined: true)
        }
        table.add(units, events: 1, scale: 0, at: position)
        model[key, default: Sum()].total += units
        model[key]?.units += units
        model[key]?.events += 1
      }
      let count = table.count
      #expect(count == model.count)
      for (key, sum) in model {
        let position = table.find(key.series, key.window)
        guard position >= 0 else {
          Issue.record("seed \(seed): \(key) is gone")
          continue
        }
        let cell = table[position]
        if (cell.total, cell.units, cell.events) != (sum.total, sum.units, sum.events) {
          Issue.record("seed \(seed): \(key) \(cell)")
        }
      }
      let touched = table.touched.count
      #expect(touched == model.values.count { $0.events > 0 })
      if dice.once(in: 2) {
        _ = table.settle()
        for key in model.keys {
          model[key]?.units = 0
          model[key]?.events = 0
        }
        let isSettled = table.touched.isEmpty
        #expect(isSettled)
        var kept: Set<Key> = []
        for key in model.keys where dice.once(in: 2) { kept.insert(key) }
        let isKept = (0..<table.count).map { kept.contains(Key(low: table[$0].series.low, window: table[$0].window)) }
        _ = table.keep(isKept)
        model = model.filter { kept.contains($0.key) }
      }
    }
  }

  @Test func `a sum fits up to 38 digits on both sides and wraps nowhere`() {
    var table = CellTable()
    let position = table.make(SeriesKey(high: 0, low: 0), 0, group: CellTable.noGroup, total: 0, isDefined: true)
    let ofEmpty = [Quantity.bound - 1, 1 - Quantity.bound, Quantity.bound, -Quantity.bound, .max, .min].map {
      table.fits($0, at: position)
    }
    #expect(ofEmpty == [true, true, false, false, false, false])
    table.add(Quantity.bound - 1, events: 1, scale: 0, at: position)
    let ofFull = [0, -1, 2 - 2 * (Quantity.bound / 2), 1, .max].map { table.fits($0, at: position) }
    #expect(ofFull == [true, true, true, false, false])
    _ = table.settle()
    let isStillFull = !table.fits(1, at: position)
    #expect(isStillFull)
  }

  @Test func `a sum that moves between two seals by more than its memory holds is refused and wraps nowhere`() {
    var table = CellTable()
    let largest = Quantity.bound - 1
    let position = table.make(
      SeriesKey(high: 0, low: 0), 0, group: CellTable.noGroup, total: -largest, isDefined: true)
    let half = table.add(largest, events: 1, scale: 0, at: position)
    let fits = table.fits(largest, at: position)
    let rest = table.add(largest, events: 1, scale: 0, at: position)
    #expect(half && !fits && !rest && table[position].total == 0 && table[position].units == largest)
    _ = table.settle()
    let isTakenAfterSeal = table.add(largest, events: 1, scale: 0, at: position)
    #expect(isTakenAfterSeal)
  }

  @Test func `memory of a crowd is given back when it is forgotten`() {
    var table = CellTable()
    for low in 0..<30_000 as Range<UInt64> {
      _ = table.make(SeriesKey(high: 0, low: low), 0, group: CellTable.noGroup, total: 0, isDefined: true)
    }
    let crowded = table.bytes
    _ = table.keep((0..<30_000).map { $0 == 7 })
    let position = table.find(SeriesKey(high: 0, low: 7), 0)
    #expect(table.bytes < crowded / 10 && position == 0)
  }

  @Test func `a series costs at most 96 bytes from a thousand on`() {
    var table = CellTable()
    for low in 0..<200_000 as Range<UInt64> {
      _ = table.make(
        SeriesKey(high: 0, low: low &* 0x9E37_79B9_7F4A_7C15), 0, group: CellTable.noGroup, total: 0, isDefined: true)
      if table.count >= 1_000, table.bytes > 96 * table.count { Issue.record("\(table.bytes) for \(table.count)") }
    }
  }
}
