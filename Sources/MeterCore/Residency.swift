import MeterModel

/// Which windows are in memory, and what may be counted in them.
///
/// **Purpose.** Whether a series has room in its tenant's window, and whether a sum still fits, rests on all that was ever counted
/// there, which is more than memory holds. So windows come into memory when they are touched and go when memory is short.
///
/// **The horizon.** A window newer than any in which something was counted before this stay, or was forgotten since, is known without
/// asking: there is nothing but what is here. At or below the horizon, what is not in memory is cold: it may have been
/// counted, and the database must be asked. Loading and forgetting therefore never change an answer, only who gives it.
///
/// **The unit** is the group (tenant, meter, window), because room is given to its series in the order of offsets; a meter without
/// dimensions has one series and needs no group.
///
/// **What it gives up.** A tenant with few events in many old windows costs a question for each of them.
struct Residency: ~Copyable {
  var cells = CellTable()
  private var groups = GroupTable()
  private let seriesMax: Int
  private(set) var horizon: Int32
  /// Cells of the flush that is under way, and its number.
  private var sealed: [UInt32] = []
  private var sealedFlush: Int64 = -1

  init(seriesMax: Int, horizon: Int32) {
    self.seriesMax = seriesMax
    self.horizon = horizon
  }

  var bytes: Int { cells.bytes + groups.bytes + sealed.capacity * MemoryLayout<UInt32>.stride }

  /// What must be known before a measure that has no cell is counted; nil when it is known.
  func coldKey(_ tenant: SeriesKey, _ measure: EventBatch.Measure, _ window: Int32) -> ColdKey? {
    guard window <= horizon else { return nil }
    guard measure.dimensionCount > 0 else { return ColdKey(series: measure.series, window: window) }
    let group = SeriesName(tenant: tenant, meter: measure.meterID).group
    return groups.find(group, window) < 0 ? ColdKey(group: group, window: window) : nil
  }

  /// Takes all that the database has in `oldest` and every later window, before anything is counted: what is not among it was never
  /// counted there.
  mutating func restore(_ sums: [StoredSum], since oldest: Int32) {
    precondition(cells.count == 0, "what an earlier stay left comes first")
    for sum in sums { take(sum) }
    horizon = min(horizon, oldest &- 1)
  }

  mutating func admit(_ keys: [ColdKey], _ sums: [StoredSum]) {
    for key in keys where key.isGroup {
      precondition(groups.find(key.group, key.window) < 0, "a group is admitted once")
      _ = groups.make(key.group, key.window)
    }
    for sum in sums { take(sum) }
    for key in keys where !key.isGroup && cells.find(key.series, key.window) < 0 {
      _ = cells.make(key.series, key.window, group: CellTable.noGroup, total: 0, isDefined: false)
    }
  }

  private mutating func take(_ sum: StoredSum) {
    var group = CellTable.noGroup
    if sum.key.isGroup {
      var index = groups.find(sum.key.group, sum.key.window)
      if index < 0 { index = groups.make(sum.key.group, sum.key.window) }
      groups.join(index)
      group = UInt32(index)
    }
    _ = cells.make(sum.series, sum.key.window, group: group, total: sum.units, isDefined: true)
  }

  /// What a series without a cell is counted as: itself, or `~other` when its group has no room.
  struct Entry {
    var series: SeriesKey
    var group: UInt64
    /// Where the group is, -1 if it is not in memory.
    var groupIndex: Int
    var isOther: Bool
  }

  func entry(
    _ tenant: SeriesKey, _ measure: EventBatch.Measure, _ window: Int32, other: SeriesKey
  ) -> Entry {
    guard measure.dimensionCount > 0 else {
      return Entry(series: measure.series, group: 0, groupIndex: -1, isOther: false)
    }
    var name = SeriesName(tenant: tenant, meter: measure.meterID)
    let group = name.group
    let index = groups.find(group, window)
    precondition(index >= 0 || window > horizon, "a cold group is admitted before it is counted in")
    guard index >= 0, Int(groups.groups[index].members) >= seriesMax else {
      return Entry(series: measure.series, group: group, groupIndex: index, isOther: false)
    }
    for _ in 0..<measure.dimensionCount { name.add(other) }
    return Entry(series: name.key, group: group, groupIndex: index, isOther: true)
  }

  /// Makes the cell of an entry that has none.
  mutating func make(_ entry: Entry, _ window: Int32) -> Int {
    var group = CellTable.noGroup
    if entry.group != 0 {
      let index = entry.groupIndex < 0 ? groups.make(entry.group, window) : entry.groupIndex
      groups.join(index)
      group = UInt32(index)
    }
    return cells.make(entry.series, window, group: group, total: 0, isDefined: isDefinedNearby(entry.series, window))
  }

  /// Series mostly go on from window to window; what the neighbour has handed over need not be handed over again.
  private func isDefinedNearby(_ series: SeriesKey, _ window: Int32) -> Bool {
    let before = cells.find(series, window &- 1)
    if before >= 0, cells[before].isDefined { return true }
    let after = cells.find(series, window &+ 1)
    return after >= 0 && cells[after].isDefined
  }

  /// `SeriesName.group` of a cell's tenant and meter.
  func name(of cell: CellTable.Cell) -> UInt64 {
    cell.group == CellTable.noGroup ? cell.series.low | 1 : groups.groups[Int(cell.group)].hash
  }

  /// What was counted since the last seal, in the order of series and window, so that rows are written in the order of their keys.
  func rollups(_ windows: WindowGrid) -> [RollupDelta] {
    let touched = cells.touched
    let order = KeyOrder.sorted(touched.count) {
      cells[Int(touched[$0])].series.high
    } isBefore: {
      let (left, right) = (cells[Int(touched[$0])], cells[Int(touched[$1])])
      return left.series == right.series ? left.window < right.window : left.series < right.series
    }
    return order.map { place in
      let cell = cells[Int(touched[place])]
      return RollupDelta(
        series: cell.series, group: cell.group == CellTable.noGroup ? 0 : groups.groups[Int(cell.group)].hash,
        windowStartSeconds: windows.startSeconds(of: cell.window), merge: cells.merge(of: cell),
        quantity: Quantity(units: cell.units, scale: Int(cell.scale)), events: Int64(cell.events))
    }
  }

  /// The same for the same sums, however they came to be here.
  var digest: UInt64 {
    var sum: UInt64 = 0
    for position in 0..<cells.count {
      let cell = cells[position]
      let total = UInt128(bitPattern: cell.kind == .add ? cell.total : 0)
      let members = cell.group == CellTable.noGroup ? 0 : UInt64(groups.groups[Int(cell.group)].members)
      sum &+= Digest.of(
        cell.series.high, cell.series.low, UInt64(UInt32(bitPattern: cell.window)), UInt64(total >> 64),
        UInt64(truncatingIfNeeded: total), members)
    }
    return sum
  }

  mutating func seal(_ flush: Int64) {
    sealed = cells.settle()
    sealedFlush = flush
  }

  mutating func committed(_ flush: Int64) {
    if flush == sealedFlush { sealed = [] }
  }

  /// Keeps the newest windows, as many as have room in half of the bound, so that it is not full again at once.
  mutating func evict(to countMax: Int) {
    guard cells.count + groups.groups.count > countMax else { return }
    var counts: [Int32: Int] = [:]
    for position in 0..<cells.count { counts[cells[position].window, default: 0] += 1 }
    var room = countMax / 2
    var oldestKept = Int32.max
    for (window, count) in counts.sorted(by: { $0.key > $1.key }) {
      room -= count
      if room < 0 { break }
      oldestKept = window
    }
    evict { $0.window < oldestKept }
  }

  /// A group goes whole or not at all, and nothing goes that is not committed.
  mutating func evict(_ isEvicted: (ColdKey) -> Bool) {
    var isHeld = [Bool](repeating: false, count: cells.count)
    for position in sealed { isHeld[Int(position)] = true }
    var isGroupKept = groups.groups.map { !isEvicted(ColdKey(group: $0.hash, window: $0.window)) }
    for position in 0..<cells.count {
      let cell = cells[position]
      if cell.isTouched { isHeld[position] = true }
      if isHeld[position], cell.group != CellTable.noGroup { isGroupKept[Int(cell.group)] = true }
    }
    var newest = horizon
    for index in groups.groups.indices where !isGroupKept[index] { newest = max(newest, groups.groups[index].window) }
    for position in 0..<cells.count where !isHeld[position] {
      let cell = cells[position]
      if cell.group != CellTable.noGroup {
        isHeld[position] = isGroupKept[Int(cell.group)]
      } else if isEvicted(ColdKey(series: cell.series, window: cell.window)) {
        newest = max(newest, cell.window)
      } else {
        isHeld[position] = true
      }
    }
    horizon = newest
    let moves = cells.keep(isHeld)
    sealed = sealed.map { UInt32(moves[Int($0)]) }
    cells.regroup(groups.keep { isGroupKept[$0] })
  }
}
