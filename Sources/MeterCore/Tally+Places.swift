import MeterModel

/// What can be said of a go's events before the first of them is counted: where each belongs in time, and what is not in memory. What
/// will be touched is asked for some events ahead, so that the processor waits for many places at once, and counts meanwhile.
extension Tally {
  /// Where an event belongs in time.
  struct Place {
    var window: Int32
    var limit: Limit
    var time: Instant
  }

  /// The bound of time that an event breaks.
  enum Limit: UInt8 {
    case none
    case recordAhead
    case tooOld
    case ahead

    var reason: Reason { self == .tooOld ? .tooOld : .inFuture }

    var detail: String {
      switch self {
      case .none: ""
      case .recordAhead: "the record's own timestamp is ahead of this machine's clock by more than time.max_future"
      case .tooOld: "the event's time is before the record's timestamp by more than time.max_past"
      case .ahead: "the event's time is after the record's timestamp by more than time.max_future"
      }
    }
  }

  /// What a go will ask for.
  struct Outlook {
    /// The oldest window that something may be counted in; `.max` if there is none, `.min` if it cannot be told before.
    var oldest: Int32
    /// Where the high water will be at the last event.
    var highWaterMs: Int64
  }

  /// Fills `places`. The high water is followed as counting will follow it, for records that have no timestamp.
  mutating func place(
    _ batch: borrowing RecordBatch, _ events: borrowing EventBatch, _ acceptedUntil: Instant
  ) -> Outlook {
    let count = events.events.count
    if places.count < count {
      let none = Place(window: 0, limit: .none, time: Instant(nanoseconds: 0))
      places = Array(repeating: none, count: max(count, 2 * places.count))
    }
    let all = events.events.span
    let records = batch.records.span
    // Taken out while the tables are looked at.
    var taken: [Place] = []
    swap(&taken, &places)
    defer { swap(&taken, &places) }
    var places = taken.mutableSpan
    let past = TimeSpan(nanoseconds: -rules.pastMax.nanoseconds)
    var high = highWaterMs
    var followed = events.records.lowerBound
    var stamp = Instant(nanoseconds: 0)
    var oldest = Int32.max
    // Neighbours mostly share a window, and dividing is slow.
    var (window, begin, end): (Int32, Int64, Int64) = (0, 0, 0)
    for index in 0..<count {
      // Records without an event move the high water, too.
      while followed <= Int(all[index].record) {
        let stampMs = records[followed].timestampMs
        stamp = Instant(saturatingMilliseconds: stampMs >= 0 ? stampMs : high)
        if stampMs > high, stamp <= acceptedUntil { high = stampMs }
        followed &+= 1
      }
      guard all[index].finding == .measurable else { continue }
      let time = all[index].time ?? stamp
      if time.nanoseconds < begin || time.nanoseconds >= end {
        window = rules.windows.number(of: time)
        (begin, end) = rules.windows.bounds(of: window)
      }
      let limit: Limit =
        stamp > acceptedUntil
        ? .recordAhead
        : time < stamp.saturatingAdding(past)
          ? .tooOld : time > stamp.saturatingAdding(rules.futureMax) ? .ahead : .none
      places[index] = Place(window: window, limit: limit, time: time)
      // A void is counted where its original was.
      if limit == .none { oldest = all[index].kind == .void ? .min : min(oldest, window) }
    }
    return Outlook(oldest: oldest, highWaterMs: high)
  }

  /// Asks memory for what the events of a stretch will be looked up in; what lies behind the last event is none.
  @inline(__always)
  func fetch(_ stretch: Range<Int>, _ events: borrowing EventBatch) {
    let all = events.events.span
    let measures = events.measures.span
    for index in stretch.clamped(to: all.indices) where all[index].finding == .measurable {
      identities.warm(all[index].identity)
      let window = places[index].window
      let first = Int(all[index].firstMeasure)
      for at in first..<first &+ Int(all[index].measureCount) { residency.cells.warm(measures[at].series, window) }
    }
  }

  /// Asks memory for what the events of a stretch will be counted in, once what `fetch` asked for is there.
  @inline(__always)
  func warm(_ stretch: Range<Int>, _ events: borrowing EventBatch) {
    let all = events.events.span
    let measures = events.measures.span
    for index in stretch.clamped(to: all.indices) where all[index].finding == .measurable {
      identities.warmSlot(all[index].identity)
      let window = places[index].window
      let first = Int(all[index].firstMeasure)
      for at in first..<first &+ Int(all[index].measureCount) { residency.cells.warmCell(measures[at].series, window) }
    }
  }

  /// What must be known before anything is counted. Where no event reaches back to the horizon, there is nothing to ask for.
  mutating func missing(_ events: borrowing EventBatch, oldest: Int32) -> [ColdKey] {
    guard oldest <= residency.horizon else { return [] }
    var cold = ColdKeys(seriesMax: rules.seriesMax)
    for index in events.events.indices where events.events[index].measureCount > 0 {
      guard places[index].limit == .none, events.events[index].problem == nil else { continue }
      if events.events[index].kind == .void {
        for window in windows(ofVoid: index, events) { ask(index, window, events, &cold) }
      } else {
        ask(index, places[index].window, events, &cold)
      }
    }
    return cold.keys
  }

  private func ask(_ index: Int, _ window: Int32, _ events: borrowing EventBatch, _ cold: inout ColdKeys) {
    let first = Int(events.events[index].firstMeasure)
    for at in first..<first &+ Int(events.events[index].measureCount)
    where residency.cells.find(events.measures[at].series, window) < 0 {
      if let key = residency.coldKey(events.events[index].tenantKey, events.measures[at], window) { cold.insert(key) }
    }
  }

  /// A void is counted where its original was; that may stand before it in this very go.
  func windows(ofVoid index: Int, _ events: borrowing EventBatch) -> [Int32] {
    let original = events.voids[Int(events.events[index].void)].identity
    if let known = identities.find(original) { return [known.window] }
    return events.events.indices[..<index].filter { events.events[$0].identity == original }.map { places[$0].window }
  }

  /// Tells what the database has of everything that `apply` asked for.
  public mutating func admit(_ keys: [ColdKey], _ sums: [StoredSum]) { residency.admit(keys, sums) }

  /// A flush is in the database; what it brought may be forgotten.
  public mutating func committed(_ flush: Int64) { residency.committed(flush) }

  /// Forgets committed windows, the oldest first, when there are more series in memory than that. Not while something is being loaded.
  public mutating func evict(to seriesMax: Int) {
    residency.evict(to: min(seriesMax, CellTable.countMax / 2))
    // What it told of stands with the flush; all else comes back when it is asked for.
    if limits.weight > seriesMax { limits = LimitBook() }
  }

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
