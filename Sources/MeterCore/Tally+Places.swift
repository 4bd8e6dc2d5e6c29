import MeterModel

/// What can be said of a go's events before the first of them is counted: where each belongs in time, where its sums are in memory,
/// and what is not in memory. Going over all of them first lets the processor fetch from many places at once.
extension Tally {
  /// Where an event belongs in time.
  struct Place {
    var window: Int32
    var limit: Limit?
    var time: Instant
  }

  /// The bound of time that an event breaks.
  enum Limit: UInt8 {
    case recordAhead
    case tooOld
    case ahead

    var reason: Reason { self == .tooOld ? .tooOld : .inFuture }

    var detail: String {
      switch self {
      case .recordAhead: "the record's own timestamp is ahead of this machine's clock by more than time.max_future"
      case .tooOld: "the event's time is before the record's timestamp by more than time.max_past"
      case .ahead: "the event's time is after the record's timestamp by more than time.max_future"
      }
    }
  }

  /// Fills `places`. The high water is followed as counting will follow it, for records that have no timestamp.
  mutating func place(_ batch: borrowing RecordBatch, _ events: borrowing EventBatch, _ acceptedUntil: Instant) {
    let none = Place(window: 0, limit: nil, time: Instant(nanoseconds: 0))
    let count = events.events.count
    if places.count < count { places = Array(repeating: none, count: max(count, 2 * places.count)) }
    var high = highWaterMs
    var followed = events.records.lowerBound
    var stamp = Instant(nanoseconds: 0)
    // Neighbours mostly share a window, and dividing is slow.
    var (window, begin, end): (Int32, Int64, Int64) = (0, 0, 0)
    let past = TimeSpan(nanoseconds: -rules.pastMax.nanoseconds)
    for index in 0..<count {
      // Records without an event move the high water, too.
      while followed <= Int(events.events[index].record) {
        let stampMs = batch.records[followed].timestampMs
        stamp = Instant(saturatingMilliseconds: stampMs >= 0 ? stampMs : high)
        if stampMs > high, stamp <= acceptedUntil { high = stampMs }
        followed &+= 1
      }
      guard events.events[index].finding == .measurable else { continue }
      identities.warm(events.events[index].identity)
      let time = events.events[index].time ?? stamp
      if time.nanoseconds < begin || time.nanoseconds >= end {
        window = rules.windows.number(of: time)
        (begin, end) = rules.windows.bounds(of: window)
      }
      let limit: Limit? =
        stamp > acceptedUntil
        ? .recordAhead
        : time < stamp.saturatingAdding(past)
          ? .tooOld : time > stamp.saturatingAdding(rules.futureMax) ? .ahead : nil
      places[index] = Place(window: window, limit: limit, time: time)
      let first = Int(events.events[index].firstMeasure)
      for at in first..<first &+ Int(events.events[index].measureCount) {
        residency.cells.warm(events.measures[at].series, window)
      }
    }
  }

  /// Fills `positions` with the cell of each measure, -1 where there is none yet, and says what must be known before counting.
  mutating func locate(_ events: borrowing EventBatch) -> [ColdKey] {
    let count = events.measures.count
    if positions.count < count { positions = Array(repeating: -1, count: max(count, 2 * positions.count)) }
    for index in events.events.indices where events.events[index].measureCount > 0 {
      identities.warmSlot(events.events[index].identity)
      let window = places[index].window
      let first = Int(events.events[index].firstMeasure)
      for at in first..<first &+ Int(events.events[index].measureCount) {
        residency.cells.warmCell(events.measures[at].series, window)
      }
    }
    var cold = ColdKeys(seriesMax: rules.seriesMax)
    for index in events.events.indices where events.events[index].measureCount > 0 {
      guard places[index].limit == nil, events.events[index].problem == nil else { continue }
      if events.events[index].kind == .void {
        for window in windows(ofVoid: index, events) { locate(index, window, events, &cold) }
      } else {
        locate(index, places[index].window, events, &cold)
      }
    }
    return cold.keys
  }

  @inline(__always)
  private mutating func locate(_ index: Int, _ window: Int32, _ events: borrowing EventBatch, _ cold: inout ColdKeys) {
    let first = Int(events.events[index].firstMeasure)
    for at in first..<first &+ Int(events.events[index].measureCount) {
      let position = residency.cells.find(events.measures[at].series, window)
      positions[at] = Int32(truncatingIfNeeded: position)
      if position < 0, let key = residency.coldKey(events.events[index].tenantKey, events.measures[at], window) {
        cold.insert(key)
      }
    }
  }

  /// A void is counted where its original was; that may stand before it in this very go.
  private func windows(ofVoid index: Int, _ events: borrowing EventBatch) -> [Int32] {
    let original = events.voids[Int(events.events[index].void)].identity
    if let known = identities.find(original) { return [known.window] }
    return events.events.indices[..<index].filter { events.events[$0].identity == original }.map { places[$0].window }
  }

  /// Tells what the database has of everything that `apply` asked for.
  public mutating func admit(_ keys: [ColdKey], _ sums: [StoredSum]) { residency.admit(keys, sums) }

  /// A flush is in the database; what it brought may be forgotten.
  public mutating func committed(_ flush: Int64) { residency.committed(flush) }

  /// Forgets committed windows, the oldest first, when there are more series in memory than that. Not while something is being loaded.
  public mutating func evict(to seriesMax: Int) { residency.evict(to: min(seriesMax, CellTable.countMax / 2)) }

  /// Forgets what `isEvicted` names and is committed.
  public mutating func evict(_ isEvicted: (ColdKey) -> Bool) { residency.evict(isEvicted) }
}

/// Keys in the order of their first mention, each once.
///
/// Not all of a go's keys are asked for together where each may bring many series: what one answer holds is bounded, and the events are
/// looked at again when it is there.
private struct ColdKeys {
  private static let seriesAtOnce = 1 << 20
  private static let keysAtLeast = 8

  private let countMax: Int
  private(set) var keys: [ColdKey] = []
  private var seen: Set<ColdKey> = []

  init(seriesMax: Int) { countMax = max(Self.keysAtLeast, Self.seriesAtOnce / seriesMax) }

  mutating func insert(_ key: ColdKey) {
    if keys.count < countMax, seen.insert(key).inserted { keys.append(key) }
  }
}
