import MeterModel
import MeterOracle

/// A row of quarantine from before the world began, in a tenant and a meter of its own: what its replay must come to is known without
/// a recount, whenever it is asked for.
struct HeldRow {
  static let event: [UInt8] = Array("held.usage".utf8)
  static let meter = Meter(
    id: MeterID(2_000_000_001),
    definition: MeterDefinition(name: "held", event: "held.usage", aggregate: .sum, value: "n", scale: 0))
  /// How many events are fetched at once.
  static let fetchMax = 3

  /// What a record holds, and so what its replay must come to.
  enum Kind: CaseIterable {
    case one
    /// Taken for one event before, and a batch of two now.
    case batch
    case stillBad

    var counted: Int64 {
      switch self {
      case .one: 1
      case .batch: 2
      case .stillBad: 0
      }
    }
  }

  let kind: Kind
  let event: HeldEvent
  let record: OracleRecord
  var isAskedFor = false
  var isReplayed = false
  /// How often a flush has done it, and what they brought.
  var replays = 0

  init(_ kind: Kind, id: Int64, log: Int, offset: Int64, timestampMs: Int64) {
    self.kind = kind
    event = HeldEvent(id: id, place: 0, form: .received)
    func text(_ name: String, _ n: String) -> String {
      #"{"specversion":"1.0","id":"\#(name)","source":"/held","type":"held.usage","subject":"held-\#(log)","data":{"n":\#(n)}}"#
    }
    let value =
      switch kind {
      case .one: text("\(id)", "1")
      case .batch: "[\(text("\(id)-a", "1")),\(text("\(id)-b", "1"))]"
      case .stillBad: text("\(id)", "null")
      }
    record = OracleRecord(
      topic: "usage.events", partition: log, offset: offset, timestampMs: timestampMs, value: Array(value.utf8))
  }
}

extension Tables {
  /// Whether a series is of the events that were held: the recount knows nothing of them.
  func isHeld(_ series: SeriesKey) -> Bool { self.series[series]?.meter == HeldRow.meter.id }

  /// `meterd.replays_due`.
  func heldEvents(_ number: Int) -> (rows: [HeldRow], hasMore: Bool) {
    let asked = partitions[number].held.filter(\.isAskedFor)
    return (Array(asked.prefix(HeldRow.fetchMax)), asked.count > HeldRow.fetchMax)
  }

  /// `meterd.settle_replays`, within a flush.
  mutating func settle(_ flush: Flush, _ number: Int) {
    for replay in flush.replays {
      guard let at = partitions[number].held.firstIndex(where: { $0.event.id == replay.id }) else {
        violate("a replay of what is not held")
        continue
      }
      if !partitions[number].held[at].isAskedFor, planted != .replaySettledUnasked {
        violate("a replay of what was not asked for")
      }
      partitions[number].held[at].isReplayed = !flush.quarantined.contains { $0.source == replay.id }
      if planted != .replayRequestKept { partitions[number].held[at].isAskedFor = false }
      partitions[number].held[at].replays += 1
      partitions[number].ofReplays += replay.verdicts
      partitions[number].ofReplays[.quarantined] -= 1
    }
  }

  /// Every event that was held is counted once when it is replayed, and not before. What is wrong, in words.
  func flawOfReplays(_ number: Int) -> String? {
    var events: Int64 = 0
    var units: Int128 = 0
    for (key, rollup) in rollups where key.partition == Int32(number) && isHeld(key.series) {
      events += rollup.events
      units += rollup.quantity.units
    }
    let wanted = partitions[number].held.reduce(0) { $0 + ($1.isReplayed ? $1.kind.counted : 0) }
    if events != wanted || units != Int128(wanted) {
      return "log \(number) counts \(events) events (\(units)) of quarantine, not \(wanted)"
    }
    for row in partitions[number].held where row.isReplayed != (row.replays > 0 && row.kind != .stillBad) {
      return "log \(number) has event \(row.event.id) of quarantine in the wrong state"
    }
    return nil
  }
}
