import MeterModel

/// Everything that is counted of one partition during one stay.
///
/// `apply` gives every event its one verdict; `seal` hands out what came together since the last seal and starts anew. A tally is
/// restored from the database, lives while the partition stays with this daemon, and is dropped whole when it leaves.
public struct Tally: ~Copyable {
  /// What an operator may bound, as numbers of the pure world.
  public struct Rules: Sendable, Equatable {
    public var windows: WindowGrid
    public var dedupeWindow: TimeSpan
    public var pastMax: TimeSpan
    public var futureMax: TimeSpan

    public init(windows: WindowGrid, dedupeWindow: TimeSpan, pastMax: TimeSpan, futureMax: TimeSpan) {
      self.windows = windows
      self.dedupeWindow = dedupeWindow
      self.pastMax = pastMax
      self.futureMax = futureMax
    }
  }

  /// What a row that is kept costs beside its bytes: the value itself and the headers of its arrays, rounded up.
  private static let rowBytes = 256

  public let partition: PartitionNumber
  public let epoch: Epoch
  let rules: Rules

  /// First offset that is not yet counted.
  public private(set) var cursor: Int64
  private var sealedTo: Int64
  /// The largest Kafka timestamp accepted, in milliseconds.
  public private(set) var highWaterMs: Int64
  private var flushNumber: Int64 = 0

  private var identities: IdentityTable
  private var cells = CellTable()
  private var knownSeries = SeriesSet()

  private var verdicts = VerdictCounts()
  private var samples: [LevelSample] = []
  private var values: [DistinctValue] = []
  /// What `values` holds already; it may forget, then a value is sent twice.
  private var seenValues = SeriesSet()
  private var newSeries: [SeriesDefinition] = []
  private var newIdentities: [IdentityPage] = []
  private var quarantined: [QuarantinedEvent] = []
  /// Bytes of definitions, quarantined events and conflicts.
  private var keptBytes = 0
  private var conflicts: [Conflict] = []

  public init(partition: PartitionNumber, epoch: Epoch, cursor: Int64, highWaterMs: Int64, rules: Rules) {
    self.partition = partition
    self.epoch = epoch
    self.rules = rules
    self.cursor = cursor
    sealedTo = cursor
    self.highWaterMs = highWaterMs
    identities = IdentityTable(window: rules.dedupeWindow, cursor: cursor)
    identities.advance(toHighWater: highWaterMs)
  }

  /// Pages of generations that ended before this need not be restored.
  public var forgetBeforeMs: Int64 { identities.forgetBeforeMs }

  /// How much a tally holds.
  public struct Size: Sendable, Equatable {
    /// Rows that the next flush would write, and bytes that grew since the last seal.
    public var pendingRows: Int
    public var pendingBytes: Int
    public var identities: Int
    public var identityBytes: Int
    public var series: Int
    public var seriesBytes: Int
  }

  public var size: Size {
    Size(
      pendingRows: cells.count + samples.count + values.count + newSeries.count + newIdentities.count
        + quarantined.count + conflicts.count,
      pendingBytes: cells.pendingBytes + keptBytes + samples.count * MemoryLayout<LevelSample>.stride
        + values.count * MemoryLayout<DistinctValue>.stride * 2 + newIdentities.reduce(0) { $0 + $1.bytes.count },
      identities: identities.count, identityBytes: identities.bytes, series: cells.count,
      seriesBytes: cells.bytes + knownSeries.bytes)
  }

  /// What a batch did.
  public struct Applied: Sendable, Equatable {
    public var verdicts: VerdictCounts
    public var cursor: Int64
    public var size: Size
  }

  /// Takes back what an earlier stay remembered.
  public mutating func restore(_ page: IdentityPage) {
    guard page.generationEndMs >= identities.forgetBeforeMs else { return }
    // Under another window the generation may reach beyond the high water; it is then the present one.
    let generation = min(identities.generation(atHighWater: page.generationEndMs), identities.generation)
    for index in 0..<page.count {
      let entry = page[index]
      if identities.find(entry.fingerprint) == nil {
        identities.insert(entry, generation: generation)
      } else if entry.voided {
        // A void writes its original's entry again, marked; the two may come in any order.
        identities.markVoided(entry.fingerprint)
      }
    }
  }

  /// Counts the records that `events` were decoded from. `now` is the wall clock, asked once, and judges only records from the future.
  public mutating func apply(_ batch: borrowing RecordBatch, _ events: borrowing EventBatch, now: Instant) -> Applied {
    var given = VerdictCounts()
    let acceptedUntil = now.saturatingAdding(rules.futureMax)
    var lastRecord: Int32 = -1
    for index in events.events.indices {
      let event = events.events[index]
      let record = batch.records[Int(event.record)]
      let stamp =
        record.timestampMs >= 0
        ? Instant(saturatingMilliseconds: record.timestampMs) : Instant(saturatingMilliseconds: highWaterMs)
      if event.record != lastRecord {
        lastRecord = event.record
        precondition(record.offset >= cursor, "a record stands at or above the cursor")
        if record.timestampMs > highWaterMs, stamp <= acceptedUntil {
          highWaterMs = record.timestampMs
          identities.advance(toHighWater: highWaterMs)
        }
      }
      given[judge(event, record, stamp, acceptedUntil, batch, events)] += 1
    }
    if let last = batch.records[events.records].last { cursor = last.offset + 1 }
    verdicts += given
    return Applied(verdicts: given, cursor: cursor, size: size)
  }

  private mutating func judge(
    _ event: EventBatch.Event, _ record: RecordBatch.Record, _ stamp: Instant, _ acceptedUntil: Instant,
    _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict {
    switch event.finding {
    case .refused:
      return quarantine(event.problem ?? .notCloudEvent, detail(event, events), event, record, batch, events)
    case .unmetered:
      return .unmetered
    case .measurable:
      break
    }
    let time = event.time ?? stamp
    if let (reason, detail) = outOfTime(time, stamp, acceptedUntil) {
      return quarantine(reason, detail, event, record, batch, events)
    }
    let content = event.content & 0x1F_FFFF
    if let known = identities.find(event.identity) {
      if known.content == content { return .duplicate }
      conflicts.append(
        Conflict(
          tenant: events.bytes(event.tenant, in: batch), source: events.bytes(event.source, in: batch),
          id: events.bytes(event.id, in: batch), firstOffset: known.offset, offset: record.offset))
      keptBytes += Self.rowBytes + Int(event.tenant.length + event.source.length + event.id.length)
      return .conflict
    }
    if let problem = event.problem {
      // A void whose measures cannot be taken can repeat nothing that was counted.
      if event.kind == .void, problem != .voidUnsupported {
        return quarantine(.voidUnknown, detail(event, events), event, record, batch, events)
      }
      return quarantine(problem, detail(event, events), event, record, batch, events)
    }
    let window = rules.windows.number(of: time)
    let moment = RollupDelta.Moment(time: time, offset: record.offset, place: event.place)
    if event.kind == .void {
      if let (reason, detail) = takeBack(event, moment, batch, events) {
        return quarantine(reason, detail, event, record, batch, events)
      }
    } else if !measure(event, window, moment, isTakenBack: false, batch, events) {
      return quarantine(.overflow, "the sum of the window would have more than 38 digits", event, record, batch, events)
    }
    let entry = IdentityPage.Entry(
      fingerprint: event.identity, offset: record.offset, window: window, content: content, voided: false)
    identities.insert(entry, generation: identities.generation)
    write(entry, generationEndMs: identities.generationEndMs)
    return event.kind == .void ? .voided : .counted
  }

  /// Takes the original of a void back from the window in which it was counted; says why if that cannot be.
  private mutating func takeBack(
    _ event: EventBatch.Event, _ moment: RollupDelta.Moment, _ batch: borrowing RecordBatch,
    _ events: borrowing EventBatch
  ) -> (Reason, String)? {
    guard let known = identities.find(event.voided),
      known.content == event.voidedContent & 0x1F_FFFF || known.content == event.voidedAdjustContent & 0x1F_FFFF
    else { return (.voidUnknown, "no event of that id and content was counted within dedupe.window") }
    if known.voided { return (.voidTwice, "the event was voided before") }
    guard measure(event, known.window, moment, isTakenBack: true, batch, events) else {
      return (.overflow, "the sum of the window would have more than 38 digits")
    }
    identities.markVoided(event.voided)
    let entry = IdentityPage.Entry(
      fingerprint: event.voided, offset: known.offset, window: known.window, content: known.content, voided: true)
    write(entry, generationEndMs: identities.end(of: known.generation))
    return nil
  }

  private func outOfTime(_ time: Instant, _ stamp: Instant, _ acceptedUntil: Instant) -> (Reason, String)? {
    if stamp > acceptedUntil {
      return (.inFuture, "the record's own timestamp is ahead of this machine's clock by more than time.max_future")
    }
    if time < stamp.saturatingAdding(TimeSpan(nanoseconds: -rules.pastMax.nanoseconds)) {
      return (.tooOld, "the event's time is before the record's timestamp by more than time.max_past")
    }
    if time > stamp.saturatingAdding(rules.futureMax) {
      return (.inFuture, "the event's time is after the record's timestamp by more than time.max_future")
    }
    return nil
  }

  /// Counts every measure of the event, or none; takes them away for a void.
  private mutating func measure(
    _ event: EventBatch.Event, _ window: Int32, _ moment: RollupDelta.Moment, isTakenBack: Bool,
    _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Bool {
    let range = Int(event.firstMeasure)..<Int(event.firstMeasure) &+ Int(event.measureCount)
    for index in range {
      let measure = events.measures[index]
      let meter = events.meters[Int(measure.meter)]
      guard let kind = CellTable.Kind(meter.definition.aggregate) else {
        if knownSeries.insert(measure.series) { define(measure, meter, event, batch, events) }
        continue
      }
      let (position, isNew) = cells.cell(
        measure.series, window: window, scale: meter.definition.quantityScale, kind: kind)
      if isNew, knownSeries.insert(measure.series) { define(measure, meter, event, batch, events) }
      if kind == .add, !cells.fits(isTakenBack ? -measure.units : measure.units, at: position) { return false }
    }
    for index in range {
      let measure = events.measures[index]
      let definition = events.meters[Int(measure.meter)].definition
      guard let kind = CellTable.Kind(definition.aggregate) else {
        let level = Quantity(units: measure.units, scale: definition.scale)
        samples.append(LevelSample(series: measure.series, moment: moment, level: level))
        continue
      }
      let (position, _) = cells.cell(measure.series, window: window, scale: definition.quantityScale, kind: kind)
      if kind == .add {
        cells.add(isTakenBack ? -measure.units : measure.units, events: isTakenBack ? -1 : 1, at: position)
      } else {
        cells.take(measure.units, moment, at: position)
      }
      if kind == .unique { note(measure, window) }
    }
    return true
  }

  /// A value of a `unique` meter; `units` are the hash of its text.
  private mutating func note(_ measure: EventBatch.Measure, _ window: Int32) {
    let hash = UInt128(bitPattern: measure.units)
    let value = SeriesKey(high: UInt64(hash >> 64), low: UInt64(truncatingIfNeeded: hash))
    // One name for series, window and value: products with odd numbers keep all bits of each.
    let name = SeriesKey(
      high: value.high &+ measure.series.high &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(UInt32(bitPattern: window)),
      low: value.low &+ measure.series.low &* 0xD6E8_FEB8_6659_FD93)
    guard seenValues.insert(name) else { return }
    values.append(
      DistinctValue(
        series: measure.series, windowStartSeconds: rules.windows.startSeconds(of: window), value: value))
  }

  private mutating func define(
    _ measure: EventBatch.Measure, _ meter: Meter, _ event: EventBatch.Event, _ batch: borrowing RecordBatch,
    _ events: borrowing EventBatch
  ) {
    let first = Int(measure.firstDimension)
    var values: [[UInt8]] = []
    for index in first..<first + meter.definition.dimensions.count {
      values.append(events.bytes(events.dimensions[index], in: batch))
    }
    keptBytes += Self.rowBytes + Int(event.tenant.length) + values.reduce(0) { $0 + 32 + $1.count }
    newSeries.append(
      SeriesDefinition(
        key: measure.series, tenant: events.bytes(event.tenant, in: batch), meter: meter.id,
        paths: meter.definition.dimensions, values: values))
  }

  /// Hands an identity to the next flush, in a page of its generation that lies near enough.
  private mutating func write(_ entry: IdentityPage.Entry, generationEndMs: Int64) {
    let page = newIdentities.lastIndex { $0.generationEndMs == generationEndMs && $0.takes(entry) }
    if let page {
      newIdentities[page].append(entry)
    } else {
      var page = IdentityPage(generationEndMs: generationEndMs, baseOffset: entry.offset, baseWindow: entry.window)
      page.append(entry)
      newIdentities.append(page)
    }
  }

  private func detail(_ event: EventBatch.Event, _ events: borrowing EventBatch) -> String {
    event.detail >= 0 ? events.details[Int(event.detail)] : ""
  }

  private mutating func quarantine(
    _ reason: Reason, _ detail: String, _ event: EventBatch.Event, _ record: RecordBatch.Record,
    _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict {
    let payload = events.bytes(event.payload, in: batch)
    let headers = batch.headers(of: record).map { header in
      QuarantinedEvent.Header(name: Array(batch.arena[header.name]), value: header.value.map { Array(batch.arena[$0]) })
    }
    keptBytes += Self.rowBytes + payload.count + detail.utf8.count
    for header in headers { keptBytes += 64 + header.name.count + (header.value?.count ?? 0) }
    quarantined.append(
      QuarantinedEvent(
        offset: record.offset, place: event.place, reason: reason, detail: detail, timestampMs: record.timestampMs,
        payload: payload, headers: headers))
    return .quarantined
  }

  /// Everything since the last seal, frozen. Counting goes on into an empty tally; the identities stay.
  public mutating func seal() -> Flush {
    flushNumber += 1
    var rollups: [RollupDelta] = []
    rollups.reserveCapacity(cells.count)
    for cell in cells.cells where cell.isTouched {
      rollups.append(
        RollupDelta(
          series: cell.series, windowStartSeconds: rules.windows.startSeconds(of: cell.window),
          merge: cells.merge(of: cell), quantity: Quantity(units: cell.units, scale: Int(cell.scale)),
          events: Int64(cell.events)))
    }
    rollups.sort { $0.series == $1.series ? $0.windowStartSeconds < $1.windowStartSeconds : $0.series < $1.series }
    newSeries.sort { $0.key < $1.key }
    let flush = Flush(
      number: flushNumber, partition: partition, epoch: epoch, range: OffsetRange(from: sealedTo, to: cursor),
      highWaterMs: highWaterMs, verdicts: verdicts, rollups: rollups, samples: samples, values: values,
      series: newSeries, identities: newIdentities,
      forgetBeforeMs: identities.forgetBeforeMs, quarantined: quarantined, conflicts: conflicts)
    sealedTo = cursor
    cells.removeAll()
    samples = []
    if !values.isEmpty { (values, seenValues) = ([], SeriesSet()) }
    verdicts = VerdictCounts()
    newSeries = []
    newIdentities = []
    quarantined = []
    keptBytes = 0
    conflicts = []
    return flush
  }
}

extension CellTable.Kind {
  /// Nil for a level over time, which has samples and no cell.
  init?(_ aggregate: MeterDefinition.Aggregate) {
    switch aggregate {
    case .count, .sum: self = .add
    case .max: self = .max
    case .min: self = .min
    case .latest: self = .latest
    case .unique: self = .unique
    case .timeWeighted: return nil
    }
  }
}
