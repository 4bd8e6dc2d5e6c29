import CTable
import MeterModel

/// What is counted, by series and window: sums that are in memory, and what each gained since the last seal.
///
/// **Layout.** A cell is 64 bytes, a line of the processor's cache. Cells stand densely in the order of their first touch, in stretches that
/// stay where they are, each at most as long as a quarter of all before it; an index of four bytes a slot with linear probing finds them:
/// eight bits of the key's hash, so that cells of others are seldom looked at, and the cell's place. At its fullest that is 70 bytes a
/// series, behind growth at most 91, and at most 83 where there are many.
///
/// **Life.** A cell stays over seals, because its total decides what still fits. Sealing goes only through the cells that were touched.
/// Whatever is committed can be forgotten; what was forgotten must be told again before it is counted in (see `Residency`).
///
/// **What it gives up.** More than 16 million cells of one partition.
@safe
struct CellTable: ~Copyable {
  /// How values come together in a cell.
  enum Kind: UInt8 {
    case add
    case max
    case min
    case latest
    case unique
    case samples

    @inline(__always)
    init(_ aggregate: MeterDefinition.Aggregate) {
      switch aggregate {
      case .count, .sum: self = .add
      case .max: self = .max
      case .min: self = .min
      case .latest: self = .latest
      case .unique: self = .unique
      case .timeWeighted: self = .samples
      }
    }
  }

  struct Cell {
    var series: SeriesKey
    /// All that was ever counted here, for what adds up. For a level, the place of its moment.
    var total: Int128
    /// What came since the last seal.
    var units: Int128
    var window: Int32
    /// Index of its group, `noGroup` for a meter without dimensions.
    var group: UInt32
    /// Less than none when more was taken back than came in since the last seal.
    var events: Int32
    var kind: Kind
    var scale: Int8
    /// Whether anything was counted since the last seal.
    var isTouched: Bool
    /// Whether the database has the series' definition, or the next flush brings it.
    var isDefined: Bool
  }

  static let noGroup = UInt32.max
  /// The place has 24 bits, of which one value is the vacant slot's.
  static let countMax = (1 << 24) - 1
  private static let vacant = UInt32.max
  private static let indexMin = 1 << 10
  /// The first eight stretches are so long, the next eight twice that, and so on.
  private static let stretchBits = 7
  private static let stretchesMax = 8 * (25 - stretchBits - 3)

  private let stretches: UnsafeMutablePointer<UnsafeMutablePointer<Cell>>
  private var stretchCount = 0
  private var capacity = 0
  private(set) var count = 0
  private var index: UnsafeMutablePointer<UInt32>
  private var indexCount: Int
  /// Places of the cells that were touched since the last seal, in the order of the touch.
  private(set) var touched: [UInt32] = []
  private(set) var moments: [RollupDelta.Moment] = []

  init() {
    indexCount = Self.indexMin
    unsafe stretches = .allocate(capacity: Self.stretchesMax)
    unsafe index = LargeMemory.allocate(UInt32.self, Self.indexMin)
    unsafe index.initialize(repeating: Self.vacant, count: Self.indexMin)
  }

  deinit {
    for number in 0..<stretchCount { unsafe stretches[number].deallocate() }
    unsafe stretches.deallocate()
    unsafe index.deallocate()
  }

  private static func length(ofStretch number: Int) -> Int { 1 << (stretchBits + number / 8) }

  /// With as many added as the first eight have, a place's highest bit names the eight stretches, the next three bits the one of them, and
  /// the rest stands in it.
  @inline(__always)
  private func cell(_ position: Int) -> UnsafeMutablePointer<Cell> {
    let place = position &+ 8 &<< Self.stretchBits
    let bits = 60 &- place.leadingZeroBitCount
    let number = (bits &- Self.stretchBits) &* 8 &+ (place &>> bits) & 7
    return unsafe stretches[number] + place & (1 &<< bits &- 1)
  }

  /// All memory that is held.
  var bytes: Int {
    capacity * MemoryLayout<Cell>.stride + indexCount * MemoryLayout<UInt32>.stride
      + touched.capacity * MemoryLayout<UInt32>.stride
  }
  /// What came in since the last seal.
  var pendingBytes: Int { touched.count * (MemoryLayout<Cell>.stride + MemoryLayout<UInt32>.stride) }

  subscript(position: Int) -> Cell {
    @inline(__always) get {
      precondition(position >= 0 && position < count, "a cell's place is one that was given out")
      return unsafe cell(position).pointee
    }
  }

  /// Where the cell of a series and window is, -1 if it is not in memory.
  @inline(__always)
  func find(_ series: SeriesKey, _ window: Int32) -> Int {
    let hash = Self.hash(series, window)
    let tag = Self.tag(hash)
    let mask = indexCount &- 1
    var at = Int(truncatingIfNeeded: hash) & mask
    while true {
      let entry = unsafe index[at]
      if entry == Self.vacant { return -1 }
      if entry >> 24 == tag {
        let position = Int(entry & 0xFF_FFFF)
        let cell = unsafe cell(position)
        let isIt = unsafe cell.pointee.series == series && cell.pointee.window == window
        if isIt { return position }
      }
      at = (at &+ 1) & mask
    }
  }

  /// Brings the slot that `find` begins with near; the sum of what was seen keeps the look from being left out.
  @inline(__always)
  func warm(_ series: SeriesKey, _ window: Int32) {
    unsafe ctable_fetch(index + Int(truncatingIfNeeded: Self.hash(series, window)) & (indexCount &- 1))
  }

  /// Brings the cell near that `find` will most likely end with.
  @inline(__always)
  func warmCell(_ series: SeriesKey, _ window: Int32) {
    let entry = unsafe index[Int(truncatingIfNeeded: Self.hash(series, window)) & (indexCount &- 1)]
    if entry != Self.vacant { unsafe ctable_fetch(cell(Int(entry & 0xFF_FFFF))) }
  }

  /// Makes a cell that `find` does not know.
  mutating func make(_ series: SeriesKey, _ window: Int32, group: UInt32, total: Int128, isDefined: Bool) -> Int {
    precondition(count < Self.countMax, "cells of a partition are bounded")
    if count == capacity { growCells() }
    if (count &+ 1) &* 4 > indexCount &* 3 { growIndex() }
    let position = count
    unsafe cell(position).initialize(
      to: Cell(
        series: series, total: total, units: 0, window: window, group: group, events: 0, kind: .add, scale: 0,
        isTouched: false, isDefined: isDefined))
    count &+= 1
    enter(position)
    return position
  }

  /// Whether the cell could take the units without leaving 38 digits. Between two seals it cannot move by more than an `Int128` holds: a window
  /// that adjusts bring from nearly -10^38 to nearly 10^38 within one flush is refused as one that overflows.
  @inline(__always)
  func fits(_ units: Int128, at position: Int) -> Bool {
    Self.sum(self[position].total, units) != nil && !self[position].units.addingReportingOverflow(units).overflow
  }

  mutating func define(_ position: Int) {
    precondition(position >= 0 && position < count, "a cell's place is one that was given out")
    unsafe cell(position).pointee.isDefined = true
  }

  /// False, and nothing done, if the sum would leave 38 digits.
  @inline(__always) @discardableResult
  mutating func add(_ units: Int128, events: Int32, scale: Int8, at position: Int) -> Bool {
    precondition(position >= 0 && position < count, "a cell's place is one that was given out")
    let cell = unsafe cell(position)
    guard let total = unsafe Self.sum(cell.pointee.total, units) else { return false }
    let (gained, overflow) = unsafe cell.pointee.units.addingReportingOverflow(units)
    guard !overflow else { return false }
    unsafe touch(cell, position, .add, scale)
    unsafe cell.pointee.total = total
    unsafe cell.pointee.units = gained
    unsafe cell.pointee.events += events
    return true
  }

  /// Nil if it would leave 38 digits.
  @inline(__always)
  private static func sum(_ total: Int128, _ units: Int128) -> Int128? {
    let (sum, overflow) = total.addingReportingOverflow(units)
    return !overflow && sum < Quantity.bound && sum > -Quantity.bound ? sum : nil
  }

  /// An extreme or a level; `moment` decides between levels.
  mutating func take(
    _ units: Int128, _ moment: RollupDelta.Moment, _ kind: Kind, scale: Int8, at position: Int
  ) {
    precondition(position >= 0 && position < count, "a cell's place is one that was given out")
    let isFirst = unsafe touch(cell(position), position, kind, scale)
    let cell = unsafe cell(position)
    switch kind {
    case .add: preconditionFailure("what adds up is added")
    case .unique, .samples: break
    case .max: if unsafe isFirst || units > cell.pointee.units { unsafe cell.pointee.units = units }
    case .min: if unsafe isFirst || units < cell.pointee.units { unsafe cell.pointee.units = units }
    case .latest:
      if isFirst {
        unsafe cell.pointee.total = Int128(moments.count)
        unsafe cell.pointee.units = units
        moments.append(moment)
      } else if unsafe moments[Int(cell.pointee.total)] < moment {
        unsafe cell.pointee.units = units
        unsafe moments[Int(cell.pointee.total)] = moment
      }
    }
    unsafe cell.pointee.events += 1
  }

  @inline(__always) @discardableResult
  private mutating func touch(
    _ cell: UnsafeMutablePointer<Cell>, _ position: Int, _ kind: Kind, _ scale: Int8
  ) -> Bool {
    if unsafe cell.pointee.isTouched { return false }
    unsafe cell.pointee.isTouched = true
    unsafe cell.pointee.kind = kind
    unsafe cell.pointee.scale = scale
    touched.append(UInt32(truncatingIfNeeded: position))
    return true
  }

  func merge(of cell: Cell) -> RollupDelta.Merge {
    switch cell.kind {
    case .add: .add
    case .max: .max
    case .min: .min
    case .latest: .latest(moments[Int(cell.total)])
    case .unique: .unique
    case .samples: .samples
    }
  }

  /// Begins anew what came since the last seal; totals stay. Says which cells it was.
  mutating func settle() -> [UInt32] {
    for position in touched {
      let cell = unsafe cell(Int(position))
      unsafe cell.pointee.isTouched = false
      unsafe cell.pointee.units = 0
      unsafe cell.pointee.events = 0
    }
    moments.removeAll(keepingCapacity: true)
    let settled = touched
    touched = []
    touched.reserveCapacity(settled.count)
    return settled
  }

  /// Forgets all cells but those that `isKept` names; says how places have moved: -1 for what is gone.
  mutating func keep(_ isKept: [Bool]) -> [Int32] {
    var moves = [Int32](repeating: -1, count: count)
    var kept = 0
    for position in 0..<count where isKept[position] {
      unsafe cell(kept).pointee = cell(position).pointee
      moves[position] = Int32(kept)
      kept += 1
    }
    count = kept
    for at in touched.indices {
      let moved = moves[Int(touched[at])]
      precondition(moved >= 0, "what is not sealed is not forgotten")
      touched[at] = UInt32(moved)
    }
    while stretchCount > 1, count <= capacity - Self.length(ofStretch: stretchCount - 1) {
      stretchCount -= 1
      capacity -= Self.length(ofStretch: stretchCount)
      unsafe stretches[stretchCount].deallocate()
    }
    while indexCount > Self.indexMin, count * 4 < indexCount { indexCount /= 2 }
    layIndex(indexCount)
    return moves
  }

  mutating func regroup(_ moves: [Int32]) {
    for position in 0..<count {
      let cell = unsafe cell(position)
      if unsafe cell.pointee.group != Self.noGroup {
        unsafe cell.pointee.group = UInt32(moves[Int(cell.pointee.group)])
      }
    }
  }

  @inline(__always)
  private static func hash(_ series: SeriesKey, _ window: Int32) -> UInt64 {
    series.low &+ UInt64(UInt32(bitPattern: window)) &* 0x9E37_79B9_7F4A_7C15
  }

  /// Of bits that do not choose the slot; never the vacant slot's.
  @inline(__always)
  private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 56) & 0xFE }

  private mutating func enter(_ position: Int) {
    let hash = Self.hash(self[position].series, self[position].window)
    var at = Int(truncatingIfNeeded: hash) & (indexCount &- 1)
    while unsafe index[at] != Self.vacant { at = (at &+ 1) & (indexCount &- 1) }
    unsafe index[at] = Self.tag(hash) << 24 | UInt32(truncatingIfNeeded: position)
  }

  private mutating func growCells() {
    let length = Self.length(ofStretch: stretchCount)
    unsafe (stretches + stretchCount).initialize(to: LargeMemory.allocate(Cell.self, length))
    stretchCount += 1
    capacity += length
  }

  private mutating func growIndex() { layIndex(indexCount * 2) }

  private mutating func layIndex(_ slots: Int) {
    unsafe index.deallocate()
    indexCount = slots
    unsafe index = LargeMemory.allocate(UInt32.self, slots)
    unsafe index.initialize(repeating: Self.vacant, count: slots)
    for position in 0..<count { enter(position) }
  }
}
