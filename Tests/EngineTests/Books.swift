import MeterModel
import TestLogs

/// What the database would hold after some flushes: the ledger of a test.
struct Books {
  struct Row: Hashable {
    var series: SeriesKey
    var windowStartSeconds: Int64
  }

  struct Partition {
    var cursor: Int64
    var highWaterMs: Int64 = 0
    var verdicts = VerdictCounts()
    var pages: [IdentityPage] = []
    var quarantined: [QuarantinedEvent] = []
    var conflicts: [Conflict] = []
    var flushes = 0
    /// What this partition has of each row, and the newest window of them.
    var rollups: [Row: RollupDelta] = [:]
    var newestWindowSeconds: Int64?
  }

  enum Refusal: Error {
    case gap, unordered, unknownSeries, seriesChanged, scaleChanged, identities
  }

  var partitions: [Partition]
  private(set) var rollups: [Row: RollupDelta] = [:]
  private(set) var series: [SeriesKey: SeriesDefinition] = [:]

  /// Takes a flush as the database would, and refuses what could not be one.
  mutating func commit(_ flush: Flush) throws {
    let number = Int(flush.partition.number)
    guard partitions[number].cursor == flush.range.from else { throw Refusal.gap }
    for definition in flush.series {
      if let known = series[definition.key], known != definition { throw Refusal.seriesChanged }
      series[definition.key] = definition
    }
    var last: Row?
    for rollup in flush.rollups {
      let row = Row(series: rollup.series, windowStartSeconds: rollup.windowStartSeconds)
      if let last {
        let isAfter =
          last.series < row.series || last.series == row.series && last.windowStartSeconds < row.windowStartSeconds
        guard isAfter else { throw Refusal.unordered }
      }
      last = row
      guard series[rollup.series] != nil else { throw Refusal.unknownSeries }
      partitions[number].rollups[row] = partitions[number].rollups[row].map { joined($0, rollup) } ?? rollup
      partitions[number].newestWindowSeconds = max(
        partitions[number].newestWindowSeconds ?? row.windowStartSeconds, row.windowStartSeconds)
      if let known = rollups[row] {
        guard known.quantity.scale == rollup.quantity.scale else { throw Refusal.scaleChanged }
        rollups[row] = joined(known, rollup)
      } else {
        rollups[row] = rollup
      }
    }
    // A void is remembered itself and marks its original.
    let remembered = Int64(flush.identities.reduce(0) { $0 + $1.count })
    guard remembered == flush.verdicts[.counted] + 2 * flush.verdicts[.voided] else { throw Refusal.identities }
    partitions[number].cursor = flush.range.to
    partitions[number].highWaterMs = flush.highWaterMs
    partitions[number].verdicts += flush.verdicts
    partitions[number].pages += flush.identities
    partitions[number].pages.removeAll { $0.generationEndMs < flush.forgetBeforeMs }
    partitions[number].quarantined += flush.quarantined
    partitions[number].conflicts += flush.conflicts
    partitions[number].flushes += 1
  }

  /// What the database would answer to cold keys.
  func storedSums(_ partition: Int, _ keys: [ColdKey], _ windows: WindowGrid) -> [StoredSum] {
    keys.flatMap { key in
      let start = windows.startSeconds(of: key.window)
      let rows = partitions[partition].rollups.filter { row, rollup in
        row.windowStartSeconds == start && (key.isGroup ? rollup.group == key.group : row.series == key.series)
      }
      return rows.map { row, rollup in
        StoredSum(key: key, series: row.series, units: rollup.merge == .add ? rollup.quantity.units : 0)
      }
    }
  }

  /// What the database would bring of the newest windows, as far back as there are no more rows than that.
  func recentSums(_ partition: Int, rowsMax: Int, _ windows: WindowGrid) -> [StoredSum] {
    let starts = Set(partitions[partition].rollups.keys.map(\.windowStartSeconds)).sorted(by: >).prefix(3)
    var kept: [StoredSum] = []
    for start in starts {
      let window = windows.number(of: Instant(saturatingMilliseconds: start * 1_000))
      let sums = partitions[partition].rollups.filter { $0.key.windowStartSeconds == start }.map { row, rollup in
        StoredSum(
          key: rollup.group != 0
            ? ColdKey(group: rollup.group, window: window) : ColdKey(series: row.series, window: window),
          series: row.series, units: rollup.merge == .add ? rollup.quantity.units : 0)
      }
      if kept.count + sums.count > rowsMax { break }
      kept += sums
    }
    return kept
  }

  /// As the database joins a delta and the row.
  private func joined(_ row: RollupDelta, _ delta: RollupDelta) -> RollupDelta {
    var row = row
    row.events += delta.events
    switch (row.merge, delta.merge) {
    case (.max, .max): row.quantity.units = max(row.quantity.units, delta.quantity.units)
    case (.min, .min): row.quantity.units = min(row.quantity.units, delta.quantity.units)
    case (.latest(let old), .latest(let new)):
      if old < new { (row.merge, row.quantity) = (delta.merge, delta.quantity) }
    default: row.quantity.units += delta.quantity.units
    }
    return row
  }

  /// The same for the same tables; pages are compared by their entries, for how they are cut rests on the seals.
  var digest: UInt64 {
    var text = usage
    for partition in partitions {
      text.append("\(partition.cursor) \(partition.highWaterMs) \(Verdict.allCases.map { partition.verdicts[$0] })")
      text += partition.pages.flatMap { page in
        (0..<page.count).map { "\(page.generationEndMs) \(page[$0])" }
      }.sorted(by: bytewise)
      text += partition.quarantined.map { "\($0)" } + partition.conflicts.map { "\($0)" }
    }
    return text.joined(separator: "\n").utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// A row of the view `usage`, as text.
  var usage: [String] {
    rollups.compactMap { row, sum in
      guard let definition = series[row.series] else { return nil }
      let values = zip(definition.paths, definition.values).map { "\($0)=\(String(decoding: $1, as: UTF8.self))" }
      let tenant = String(decoding: definition.tenant, as: UTF8.self)
      let meter = HostileCatalog.meters.first { $0.id == definition.meter }?.definition.name ?? "?"
      return "\(tenant) \(meter) \(values) \(row.windowStartSeconds) \(sum.quantity) x\(sum.events)"
    }.sorted(by: bytewise)
  }
}

func bytewise(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
