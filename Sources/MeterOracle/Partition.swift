/// Everything that rests on the order of offsets in one partition: its clock, the identities that it remembers, its
/// cells, and what it reports.
struct Partition: Sendable {
  /// The dimension values that have a series of their own, for one tenant, meter and window.
  struct SeriesKey: Hashable {
    let tenant: OracleText
    let meter: Int
    let windowStart: OracleInstant
  }

  let place: OraclePlace
  var lastOffset: Int64?
  private(set) var cells: [CellKey: Cell] = [:]
  private var series: [SeriesKey: Set<[OracleText]>] = [:]

  private(set) var clock: OracleInstant?
  private var memories: [Identity: Memory] = [:]
  /// Identities in the order in which they were counted, so oldest first; those before `forgotten` are gone.
  private var inOrder: [Identity] = []
  private var forgotten = 0

  var verdicts: [OracleVerdict: Int] = [:]
  var quarantine: [OracleResults.Quarantined] = []
  var conflicts: [OracleResults.Conflict] = []

  init(place: OraclePlace) {
    self.place = place
  }

  /// Moves the clock to the largest Kafka timestamp accepted, and forgets what has become too old.
  mutating func advanceClock(to timestamp: OracleInstant, settings: OracleSettings) {
    let now = max(clock ?? timestamp, timestamp)
    clock = now
    while forgotten < inOrder.count, let oldest = memories[inOrder[forgotten]] {
      guard settings.isForgotten(oldest.countedAt, at: now) else { return }
      memories[inOrder[forgotten]] = nil
      forgotten += 1
    }
  }

  func memory(of identity: Identity) -> Memory? {
    memories[identity]
  }

  mutating func remember(_ identity: Identity, _ memory: Memory) {
    memories[identity] = memory
    inOrder.append(identity)
  }

  mutating func markTakenBack(_ identity: Identity) {
    memories[identity]?.outcome = .takenBack
  }

  /// The dimension values under which an event is counted: its own while there is room, else `~other` for every one.
  ///
  /// Choice: `~other` takes no room, and an event that brings `~other` itself is treated as any other.
  func placed(_ dimensions: [OracleText], in key: SeriesKey, seriesMax: Int) -> [OracleText] {
    let known = series[key] ?? []
    let hasRoom = known.contains(dimensions) || known.count < seriesMax
    return hasRoom ? dimensions : dimensions.map { _ in "~other" }
  }

  func sum(of key: CellKey) -> WholeNumber {
    cells[key]?.sum ?? .zero
  }

  /// Counts an event for one meter. `dimensions` are its own ones, wherever it was placed.
  mutating func count(_ effect: Effect, dimensions: [OracleText], time: OracleInstant, at position: Position) {
    let key = effect.cell
    if key.dimensions == dimensions {
      let seriesKey = SeriesKey(tenant: key.tenant, meter: key.meter, windowStart: key.windowStart)
      series[seriesKey, default: []].insert(dimensions)
    }
    var cell = cells.removeValue(forKey: key) ?? Cell()
    cell.events += 1
    switch effect.quantity {
    case .event: break
    case .text(let text): cell.texts.insert(text)
    case .addend(let units): cell.sum = cell.sum + units
    case .level(let units):
      cell.samples.append(
        Sample(time: time, units: units, offset: position.offset, index: position.index, place: place))
    }
    cells[key] = cell
  }

  /// Takes one event back. The row stays, at 0 if need be, and its series keeps its room.
  mutating func takeBack(_ effect: Effect) {
    cells[effect.cell]?.events -= 1
    if case .addend(let units) = effect.quantity, let sum = cells[effect.cell]?.sum {
      cells[effect.cell]?.sum = sum - units
    }
  }
}

/// Where an event stands in its partition.
struct Position: Sendable {
  let offset: Int64
  let index: Int
}
