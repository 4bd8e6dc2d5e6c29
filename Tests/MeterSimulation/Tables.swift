import MeterModel

/// What PostgreSQL keeps: the tables of the ledger, and the one transaction that changes them.
struct Tables {
  struct Partition {
    var epoch: Int64 = 0
    var owner = -1
    var nextOffset: Int64?
    var lastFlush: Int64 = 0
    var highWaterMs: Int64 = 0
    var newestWindowSeconds: Int64?
    var halted: String?
    var verdicts = VerdictCounts()
    var pages: [IdentityPage] = []
    var quarantined: [QuarantinedEvent] = []
    var conflicts: [Conflict] = []
    var journal: [Interval] = []
    var held: [HeldRow] = []
    /// What replays have added to the verdicts, and taken off them.
    var ofReplays = VerdictCounts()

    /// The verdicts of what came from the log.
    var ofLog: VerdictCounts {
      var counts = VerdictCounts()
      for verdict in Verdict.allCases { counts[verdict] = verdicts[verdict] - ofReplays[verdict] }
      return counts
    }

    var replays: Int { held.reduce(0) { $0 + $1.replays } }
  }

  /// What a statement may have changed, without the rows themselves: a copy of these would be made for each.
  struct Standing {
    var epoch: Int64
    var nextOffset: Int64?
    var highWaterMs: Int64
    var halted: String?
    var ofLog: VerdictCounts
    var replays: Int
    var pages: Int
    var quarantined: Int
    var conflicts: Int
    var intervals: Int
    var journalEnd: Int64?
  }

  struct Interval {
    var range: OffsetRange
    var epoch: Int64
    var flush: Int64
  }

  struct RollupKey: Hashable {
    var series: SeriesKey
    var windowStartSeconds: Int64
    var partition: Int32
  }

  /// All series of one tenant and meter in one window.
  struct GroupKey: Hashable {
    var group: UInt64
    var windowStartSeconds: Int64
    var partition: Int32
  }

  struct Rollup {
    var group: UInt64
    var merge: RollupDelta.Merge
    var quantity: Quantity
    var events: Int64
  }

  struct SampleKey: Hashable {
    var series: SeriesKey
    var partition: Int32
    var at: Int64
    var offset: Int64
    var place: Int32
  }

  struct ValueKey: Hashable {
    var value: DistinctValue
    var partition: Int32
  }

  struct Claim {
    var partition: PartitionNumber
    var epoch: Epoch
    var next: Int64?
    var highWaterMs: Int64
    var newestWindowSeconds: Int64?
    var halted: String?
  }

  enum Resolution {
    case committed, absent, refused
  }

  var partitions: [Partition]
  var rollups: [RollupKey: Rollup] = [:]
  /// Series of a group that have a rollup, in the order in which they came.
  private var members: [GroupKey: [SeriesKey]] = [:]
  var series: [SeriesKey: SeriesDefinition] = [:]
  var samples: [SampleKey: Quantity] = [:]
  var values: Set<ValueKey> = []
  /// What a constraint of a table, or of common sense, has refused; the first is kept.
  var violation: String?
  let planted: PlantedBug?

  init(partitions: Int, planted: PlantedBug?) {
    self.partitions = Array(repeating: Partition(), count: partitions)
    self.planted = planted
  }

  mutating func violate(_ words: @autoclosure () -> String) {
    if violation == nil { violation = words() }
  }

  // Each function below is one statement or one procedure of `Ledger`.

  mutating func claim(_ number: Int, owner: Int) -> Claim {
    if planted != .claimKeepsEpoch { partitions[number].epoch += 1 }
    partitions[number].owner = owner
    partitions[number].lastFlush = 0
    if planted == .claimLiftsHalt { partitions[number].halted = nil }
    let row = partitions[number]
    return Claim(
      partition: PartitionNumber(Int32(number)), epoch: Epoch(row.epoch), next: row.nextOffset,
      highWaterMs: row.highWaterMs, newestWindowSeconds: row.newestWindowSeconds, halted: row.halted)
  }

  mutating func begin(_ claim: Claim, at offset: Int64) -> Bool {
    let number = Int(claim.partition.number)
    guard partitions[number].epoch == claim.epoch.number else { return false }
    if partitions[number].nextOffset == nil || planted == .beginOverwrites { partitions[number].nextOffset = offset }
    return partitions[number].nextOffset == offset
  }

  func pages(_ number: Int, since ms: Int64) -> [IdentityPage] {
    partitions[number].pages.filter { $0.generationEndMs >= ms }.sorted {
      ($0.generationEndMs, $0.baseOffset) < ($1.generationEndMs, $1.baseOffset)
    }
  }

  /// `meterd.stored_sums`.
  func storedSums(_ number: Int, _ keys: [ColdKey], _ windows: WindowGrid) -> [StoredSum] {
    keys.flatMap { key in
      let start = windows.startSeconds(of: key.window)
      let group = GroupKey(group: key.group, windowStartSeconds: start, partition: Int32(number))
      let series = key.isGroup ? members[group] ?? [] : [key.series]
      return series.compactMap { series in
        let row = RollupKey(series: series, windowStartSeconds: start, partition: Int32(number))
        return rollups[row].map { rollup in
          StoredSum(key: key, series: series, units: rollup.merge == .add ? rollup.quantity.units : 0)
        }
      }
    }
  }

  /// `meterd.recent_sums`.
  func recentSums(_ number: Int, rowsMax: Int, _ windows: WindowGrid) -> [StoredSum] {
    guard let newest = partitions[number].newestWindowSeconds else { return [] }
    let since = newest - 2 * windows.length.milliseconds / 1_000
    let rows = rollups.filter { $0.key.partition == Int32(number) && $0.key.windowStartSeconds >= since }
    var kept: [StoredSum] = []
    for start in Set(rows.keys.map(\.windowStartSeconds)).sorted(by: >) {
      let sums = rows.filter { $0.key.windowStartSeconds == start }.map { key, rollup in
        let window = windows.number(of: Instant(saturatingMilliseconds: start * 1_000))
        return StoredSum(
          key: rollup.group != 0
            ? ColdKey(group: rollup.group, window: window) : ColdKey(series: key.series, window: window),
          series: key.series, units: rollup.merge == .add ? rollup.quantity.units : 0)
      }
      if kept.count + sums.count > rowsMax { break }
      kept += sums
    }
    // As the rows lie, which is in no order; the same on every run.
    return kept.sorted { ($0.series, $0.key.window) < ($1.series, $1.key.window) }
  }

  func resolve(_ flush: Flush) -> Resolution {
    let row = partitions[Int(flush.partition.number)]
    guard row.epoch == flush.epoch.number else { return .refused }
    if row.lastFlush == flush.number, row.nextOffset == flush.range.to { return .committed }
    return row.nextOffset == flush.range.from ? .absent : .refused
  }

  /// False when the partition is no longer whose claim that is.
  mutating func halt(_ claim: Claim, _ reason: String) -> Bool {
    let number = Int(claim.partition.number)
    guard partitions[number].epoch == claim.epoch.number else { return false }
    partitions[number].halted = reason
    return true
  }

  /// `meterd.apply`: the whole flush, or nothing. True when it is in the tables.
  mutating func apply(_ flush: Flush) -> Bool {
    let number = Int(flush.partition.number)
    let (epoch, next, last) = (partitions[number].epoch, partitions[number].nextOffset, partitions[number].lastFlush)
    if epoch != flush.epoch.number, planted != .fenceIgnored { return false }
    if last == flush.number, next == flush.range.to, planted != .lastFlushNotCompared { return true }
    if next != flush.range.from, planted != .cursorNotCompared { return false }

    // Identities come with their effect. A void is remembered itself and marks its original.
    let remembered = Int64(flush.identities.reduce(0) { $0 + $1.count })
    if remembered != flush.verdicts[.counted] + 2 * flush.verdicts[.voided] {
      violate("a flush brings \(remembered) identities for \(flush.verdicts[.counted]) counted events")
    }
    for definition in flush.series {
      if let known = series[definition.key], known != definition { violate("a series changed its definition") }
      series[definition.key] = definition
    }
    for delta in flush.rollups { merge(delta, flush.partition.number) }
    for sample in flush.samples { add(sample, flush.partition.number) }
    add(flush.values, flush.partition.number)
    keep(flush.identities, forgetBefore: flush.forgetBeforeMs, number)
    settle(flush, number)
    partitions[number].quarantined += flush.quarantined.filter { $0.source == nil }
    partitions[number].conflicts += flush.conflicts
    // A flush that only replays covers no offsets.
    if flush.range.to > flush.range.from {
      partitions[number].journal.append(
        Interval(range: flush.range, epoch: flush.epoch.number, flush: flush.number))
    }
    partitions[number].verdicts += flush.verdicts
    if planted == .replayLeavesTheQuarantined {
      partitions[number].verdicts[.quarantined] += Int64(flush.replays.count)
    }
    partitions[number].highWaterMs = flush.highWaterMs
    partitions[number].nextOffset = flush.range.to
    partitions[number].lastFlush = flush.number
    return true
  }

  private mutating func merge(_ delta: RollupDelta, _ partition: Int32) {
    if series[delta.series] == nil { violate("a rollup of a series without a definition") }
    let key = RollupKey(series: delta.series, windowStartSeconds: delta.windowStartSeconds, partition: partition)
    let newest = partitions[Int(partition)].newestWindowSeconds ?? key.windowStartSeconds
    partitions[Int(partition)].newestWindowSeconds = max(newest, key.windowStartSeconds)
    guard var row = rollups[key] else {
      if delta.group != 0 {
        let group = GroupKey(group: delta.group, windowStartSeconds: key.windowStartSeconds, partition: partition)
        members[group, default: []].append(delta.series)
      }
      // A unique row starts empty; its values are counted as they come in.
      var quantity = delta.quantity
      if case .unique = delta.merge { quantity = Quantity(units: 0, scale: delta.quantity.scale) }
      rollups[key] = Rollup(group: delta.group, merge: delta.merge, quantity: quantity, events: delta.events)
      return
    }
    if row.quantity.scale != delta.quantity.scale { violate("a rollup changed its scale") }
    row.events += delta.events
    switch (row.merge, delta.merge) {
    case (.add, .add):
      let (sum, overflow) = row.quantity.units.addingReportingOverflow(delta.quantity.units)
      row.quantity.units = sum
      if overflow || sum.magnitude >= Quantity.bound.magnitude { violate("a sum has more than 38 digits") }
    case (.max, .max):
      if planted == .maxAddsUp {
        row.quantity.units &+= delta.quantity.units
      } else {
        row.quantity.units = max(row.quantity.units, delta.quantity.units)
      }
    case (.min, .min):
      row.quantity.units =
        planted == .minForgetsTheRow ? delta.quantity.units : min(row.quantity.units, delta.quantity.units)
    case (.latest(let old), .latest(let new)):
      if old < new || planted == .latestByArrival { (row.merge, row.quantity) = (delta.merge, delta.quantity) }
    case (.unique, .unique), (.samples, .samples): break
    default: violate("a rollup changed how it joins")
    }
    rollups[key] = row
  }

  private mutating func add(_ sample: LevelSample, _ partition: Int32) {
    if series[sample.series] == nil { violate("a sample of a series without a definition") }
    let key = SampleKey(
      series: sample.series, partition: partition, at: sample.moment.time.nanoseconds, offset: sample.moment.offset,
      place: sample.moment.place)
    if samples.updateValue(sample.level, forKey: key) != nil { violate("a sample came twice") }
  }

  private mutating func add(_ new: [DistinctValue], _ partition: Int32) {
    for value in new {
      let key = RollupKey(series: value.series, windowStartSeconds: value.windowStartSeconds, partition: partition)
      let isNew = values.insert(ValueKey(value: value, partition: partition)).inserted
      guard isNew || planted == .valuesCountedTwice else { continue }
      if rollups[key] == nil { violate("a value of a window without a rollup") }
      rollups[key]?.quantity.units += 1
    }
  }

  private mutating func keep(_ pages: [IdentityPage], forgetBefore: Int64, _ number: Int) {
    var forgetBefore = forgetBefore
    if planted == .generationsForgottenEarly, let newest = pages.last?.generationEndMs {
      // Half of what should be remembered.
      forgetBefore += (newest - forgetBefore) / 2
    }
    partitions[number].pages += pages
    partitions[number].pages.removeAll { $0.generationEndMs < forgetBefore }
  }
}

extension Tables.Partition {
  var standing: Tables.Standing {
    Tables.Standing(
      epoch: epoch, nextOffset: nextOffset, highWaterMs: highWaterMs, halted: halted, ofLog: ofLog, replays: replays,
      pages: pages.count, quarantined: quarantined.count, conflicts: conflicts.count, intervals: journal.count,
      journalEnd: journal.last?.range.to)
  }
}
