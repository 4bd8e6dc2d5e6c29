import MeterModel
import Testing
import TestDice

@testable import MeterCore

@Suite struct CellTableTests {
  private struct Key: Hashable {
    var low: UInt64
    var window: Int32
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
        let (position, isNew) = table.cell(
          SeriesKey(high: 0, low: keys[index].low), window: keys[index].window, scale: 3, kind: .add)
        #expect(isNew && position == count)
        table.add(Int128(index), events: 1, at: position)
      }
      for (position, index) in order.enumerated() {
        let found = table.cell(
          SeriesKey(high: 0, low: keys[index].low), window: keys[index].window, scale: 3, kind: .add)
        #expect(found.position == position && !found.isNew)
        #expect(table.cells[position].units == Int128(index) && table.cells[position].events == 1)
      }
      #expect(table.cell(SeriesKey(high: 1, low: keys[0].low), window: keys[0].window, scale: 3, kind: .add).isNew)
    }
  }

  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func `the table sums what a dictionary sums`(_ seed: UInt64) {
    var dice = Dice(seed)
    var table = CellTable()
    for _ in 0..<6 {
      var model: [Key: (Int128, Int32)] = [:]
      for _ in 0..<dice.pick([0, 10, 500, 3_000]) {
        let key = Key(
          low: UInt64(dice.below(seed % 2 == 0 ? 300 : 100_000)) << (seed % 3 == 0 ? 30 : 0),
          window: Int32(dice.below(5)) - 2)
        let units = Int128(dice.below(1_000))
        let (position, isNew) = table.cell(SeriesKey(high: 9, low: key.low), window: key.window, scale: 0, kind: .add)
        if isNew != (model[key] == nil) { Issue.record("seed \(seed): \(key) is new or not") }
        table.add(units, events: 1, at: position)
        let old = model[key] ?? (0, 0)
        model[key] = (old.0 + units, old.1 + 1)
      }
      #expect(table.count == model.count)
      for cell in table.cells {
        let wanted = model[Key(low: cell.series.low, window: cell.window)]
        if cell.units != wanted?.0 || cell.events != wanted?.1 { Issue.record("seed \(seed): \(cell)") }
      }
      table.removeAll()
      #expect(table.count == 0)
    }
  }

  @Test func `a sum fits up to 38 digits on both sides and wraps nowhere`() {
    var table = CellTable()
    let (position, _) = table.cell(SeriesKey(high: 0, low: 0), window: 0, scale: 0, kind: .add)
    let ofEmpty = [Quantity.bound - 1, 1 - Quantity.bound, Quantity.bound, -Quantity.bound, .max, .min].map {
      table.fits($0, at: position)
    }
    #expect(ofEmpty == [true, true, false, false, false, false])
    table.add(Quantity.bound - 1, events: 1, at: position)
    let ofFull = [0, -1, 2 - 2 * (Quantity.bound / 2), 1, .max].map { table.fits($0, at: position) }
    #expect(ofFull == [true, true, true, false, false])
  }

  @Test func `memory of a crowd is given back while few come`() {
    var table = CellTable()
    for low in 0..<30_000 as Range<UInt64> {
      _ = table.cell(SeriesKey(high: 0, low: low), window: 0, scale: 0, kind: .add)
    }
    let crowded = table.bytes
    for _ in 0..<20 {
      table.removeAll()
      _ = table.cell(SeriesKey(high: 0, low: 1), window: 0, scale: 0, kind: .add)
    }
    #expect(table.bytes < crowded / 10)
  }
}

@Suite struct SeriesSetTests {
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `a series is new once`(_ seed: UInt64) {
    var dice = Dice(seed)
    var set = SeriesSet()
    var model: Set<SeriesKey> = []
    for _ in 0..<10_000 {
      let key = SeriesKey(high: UInt64(dice.below(3)), low: UInt64(1 + dice.below(4_000)) << (seed % 2 == 0 ? 20 : 0))
      if set.insert(key) != model.insert(key).inserted { Issue.record("seed \(seed): \(key)") }
    }
  }

  @Test func `the key of all zeros is sent each time`() {
    var set = SeriesSet()
    #expect(set.insert(SeriesKey(high: 0, low: 0)) && set.insert(SeriesKey(high: 0, low: 0)))
  }

  @Test func `the set is bounded by forgetting all`() {
    var set = SeriesSet(countMax: 1 << 12)
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
