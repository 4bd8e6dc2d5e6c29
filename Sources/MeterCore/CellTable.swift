import MeterModel

/// What was counted since the last seal: one cell for each series and window that was touched.
///
/// Cells stand densely in the order of their first touch; an index with linear probing finds them. Sealing takes the cells as they
/// are and leaves the table empty with its memory, so that a steady flow allocates nothing. What only levels need stands
/// aside, so that a cell is 48 bytes.
@safe
struct CellTable: ~Copyable {
  /// How values come together in a cell.
  enum Kind: UInt8 {
    case add
    case max
    case min
    case latest
    case unique
  }

  struct Cell {
    var series: SeriesKey
    var window: Int32
    var scale: Int8
    var kind: Kind
    /// Whether anything was counted here; a cell can be made for an event that is then refused.
    var isTouched: Bool
    /// Less than none when more was taken back than came in since the last seal.
    var events: Int32
    /// Index into `moments` for a level.
    var moment: Int32
    var units: Int128
  }

  private static let indexMin = 1024
  private static let vacant = UInt32.max

  private(set) var cells: [Cell] = []
  private(set) var moments: [RollupDelta.Moment] = []
  private var index: [UInt32]

  init() { index = Array(repeating: Self.vacant, count: Self.indexMin) }

  var count: Int { cells.count }
  /// What came in since the last `removeAll`; memory that is only kept for the next cells is not pending.
  var pendingBytes: Int { cells.count * (MemoryLayout<Cell>.stride + 2 * MemoryLayout<UInt32>.stride) }
  /// All memory that is held.
  var bytes: Int { cells.capacity * MemoryLayout<Cell>.stride + index.count * MemoryLayout<UInt32>.stride }

  /// The cell of a series and window, made if it is not there; `isNew` says so.
  @inline(__always)
  mutating func cell(_ series: SeriesKey, window: Int32, scale: Int, kind: Kind) -> (position: Int, isNew: Bool) {
    let mask = index.count &- 1
    var at = Self.slot(series, window) & mask
    while index[at] != Self.vacant {
      let position = Int(index[at])
      if cells[position].series == series, cells[position].window == window { return (position, false) }
      at = (at &+ 1) & mask
    }
    index[at] = UInt32(cells.count)
    cells.append(
      Cell(
        series: series, window: window, scale: Int8(scale), kind: kind, isTouched: false, events: 0, moment: -1,
        units: 0))
    if cells.count &* 4 > index.count &* 3 { grow() }
    return (cells.count &- 1, true)
  }

  /// Whether the cell could take the units without leaving 38 digits.
  @inline(__always)
  func fits(_ units: Int128, at position: Int) -> Bool {
    let (sum, overflow) = cells[position].units.addingReportingOverflow(units)
    return !overflow && sum < Quantity.bound && sum > -Quantity.bound
  }

  @inline(__always)
  mutating func add(_ units: Int128, events: Int32, at position: Int) {
    cells[position].units += units
    cells[position].events += events
    cells[position].isTouched = true
  }

  /// An extreme or a level; `moment` decides between levels.
  mutating func take(_ units: Int128, _ moment: RollupDelta.Moment, at position: Int) {
    let cell = cells[position]
    let isFirst = !cell.isTouched
    switch cell.kind {
    case .add: preconditionFailure("what adds up is added")
    case .unique: break
    case .max: if isFirst || units > cell.units { cells[position].units = units }
    case .min: if isFirst || units < cell.units { cells[position].units = units }
    case .latest:
      if isFirst {
        cells[position].moment = Int32(moments.count)
        cells[position].units = units
        moments.append(moment)
      } else if moments[Int(cell.moment)] < moment {
        cells[position].units = units
        moments[Int(cell.moment)] = moment
      }
    }
    cells[position].events += 1
    cells[position].isTouched = true
  }

  func merge(of cell: Cell) -> RollupDelta.Merge {
    switch cell.kind {
    case .add: .add
    case .max: .max
    case .min: .min
    case .latest: .latest(moments[Int(cell.moment)])
    case .unique: .unique
    }
  }

  mutating func removeAll() {
    // A table that was large once and is small now gives its memory back step by step.
    if index.count > Self.indexMin, cells.count * 16 < index.count {
      index = Array(repeating: Self.vacant, count: index.count / 2)
      cells = []
      moments = []
    } else {
      for at in index.indices { index[at] = Self.vacant }
      cells.removeAll(keepingCapacity: true)
      moments.removeAll(keepingCapacity: true)
    }
  }

  @inline(__always)
  private static func slot(_ series: SeriesKey, _ window: Int32) -> Int {
    Int(truncatingIfNeeded: series.low &+ UInt64(UInt32(bitPattern: window)) &* 0x9E37_79B9_7F4A_7C15)
  }

  private mutating func grow() {
    index = Array(repeating: Self.vacant, count: index.count * 2)
    let mask = index.count - 1
    for position in cells.indices {
      var at = Self.slot(cells[position].series, cells[position].window) & mask
      while index[at] != Self.vacant { at = (at + 1) & mask }
      index[at] = UInt32(position)
    }
  }
}
