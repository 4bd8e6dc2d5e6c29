import MeterModel

/// Everything that is counted of one partition during one stay.
///
/// `apply` gives every event its one verdict; `seal` hands out what came together since the last seal and starts anew. A tally is
/// restored from the database, lives while the partition stays with this daemon, and is dropped whole when it leaves.
///
/// What was counted before and is not in memory is asked for: `apply` then counts nothing and names what it must be told with `admit`.
public struct Tally: ~Copyable {
  /// What an operator may bound, as numbers of the pure world.
  public struct Rules: Sendable, Equatable {
    public var windows: WindowGrid
    public var dedupeWindow: TimeSpan
    public var pastMax: TimeSpan
    public var futureMax: TimeSpan
    /// Series that a tenant's meter may have in a window; what is beyond is counted as `~other`.
    public var seriesMax: Int

    public init(
      windows: WindowGrid, dedupeWindow: TimeSpan, pastMax: TimeSpan, futureMax: TimeSpan, seriesMax: Int
    ) {
      self.windows = windows
      self.dedupeWindow = dedupeWindow
      self.pastMax = pastMax
      self.futureMax = futureMax
      self.seriesMax = seriesMax
    }
  }

  /// What a row that is kept costs beside its bytes: the value itself and the headers of its arrays, rounded up.
  static let rowBytes = 256
  /// So many events are counted while memory brings what the next ones will touch: as long as that takes, and no more lines than the
  /// nearest cache holds.
  private static let eventsAhead = 16
  /// What a series in memory costs at most.
  public static let bytesOfSeries = 96

  public let partition: PartitionNumber
  public let epoch: Epoch
  let rules: Rules

  /// First offset that is not yet counted.
  public private(set) var cursor: Int64
  private var sealedTo: Int64
  /// The largest Kafka timestamp accepted, in milliseconds.
  public private(set) var highWaterMs: Int64
  private var flushNumber: Int64 = 0

  var identities: IdentityTable
  var residency: Residency

  var verdicts = VerdictCounts()
  var samples: [LevelSample] = []
  var values: [DistinctValue] = []
  /// What `values` holds already; it may forget, then a value is sent twice.
  var seenValues = KeySet()
  var newSeries = SeriesDefinitions()
  /// Pages of the next flush but the one that is written to.
  private var newIdentities: [IdentityPage] = []
  private var page = IdentityPage(generationEndMs: .min, baseOffset: 0, baseWindow: 0)
  private var quarantined: [QuarantinedEvent] = []
  /// Bytes of quarantined events and conflicts.
  var keptBytes = 0
  private var conflicts: [Conflict] = []
  var replays: [Replay] = []
  /// The held event that is looked at again at this moment.
  var held: HeldEvent?

  /// Where each event of the go at hand belongs in time.
  var places: [Place] = []
  /// What tenants have used of what is limited.
  var limits = LimitBook()
  /// The first account of each limited measure of the go at hand, -1 for none.
  var accountHeads: [Int32] = []
  var crossings: [Crossing] = []
  /// What others judge, each once.
  var reviewed: [Reviewed.Subject: Reviewed] = [:]
  /// Of the flush before: until it is committed, what is asked for does not hold it.
  var sealedRollups: [RollupDelta] = []
  var sealedCrossings: [Crossing] = []
  var sealedNumber: Int64 = 0
  /// The cells that the event at hand would be counted in.
  var targets: [Target] = []

  /// `newestWindow` is the newest window in which anything of the partition was ever counted, nil if nothing was.
  public init(
    partition: PartitionNumber, epoch: Epoch, cursor: Int64, highWaterMs: Int64, newestWindow: Int32? = nil,
    rules: Rules
  ) {
    self.partition = partition
    self.epoch = epoch
    self.rules = rules
    self.cursor = cursor
    sealedTo = cursor
    self.highWaterMs = highWaterMs
    identities = IdentityTable(window: rules.dedupeWindow, cursor: cursor)
    residency = Residency(seriesMax: rules.seriesMax, horizon: newestWindow ?? .min)
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
    /// What tenants have used of what is limited.
    public var accounts: Int
    public var accountBytes: Int
  }

  public var size: Size {
    Size(
      pendingRows: residency.cells.touched.count + samples.count + values.count + newSeries.count
        + newIdentities.count + (page.count > 0 ? 1 : 0) + quarantined.count + conflicts.count + replays.count
        + crossings.count + reviewed.count,
      pendingBytes: residency.cells.pendingBytes + keptBytes + newSeries.bytes + samples.count
        * MemoryLayout<LevelSample>.stride
        + values.count * MemoryLayout<DistinctValue>.stride * 2
        + newIdentities.reduce(page.byteCount) { $0 + $1.byteCount },
      identities: identities.count, identityBytes: identities.bytes, series: residency.cells.count,
      seriesBytes: residency.bytes, accounts: limits.count, accountBytes: limits.bytes)
  }

  /// A number for all that decides what comes next: the same for the same records, however they were cut into batches and sealed.
  public var digest: UInt64 {
    Digest.of(UInt64(bitPattern: cursor), UInt64(bitPattern: highWaterMs), identities.digest, residency.digest)
  }

  /// What a batch did.
  public struct Applied: Sendable, Equatable {
    public var verdicts: VerdictCounts
    public var cursor: Int64
    public var size: Size
  }

  public enum Outcome: Sendable, Equatable {
    case applied(Applied)
    /// Nothing was counted: these must be admitted first, then the same events applied again, which may ask for more.
    case cold([ColdKey])
    /// The same for what the plans of these say.
    case strange([TenantPlace])
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

  /// Takes back all that was counted in some windows and every later one, so that counting there asks for nothing. The windows are those of
  /// `sums`; without any, all must be asked for.
  public mutating func restore(_ sums: [StoredSum]) {
    guard let oldest = sums.lazy.map(\.key.window).min() else { return }
    residency.restore(sums, since: oldest)
  }

  /// Counts the records that `events` were decoded from. `now` is the wall clock, asked once, and judges only records from the future.
  public mutating func apply(
    _ batch: borrowing RecordBatch, _ events: borrowing EventBatch, now: Instant
  ) -> Outcome {
    let acceptedUntil = now.saturatingAdding(rules.futureMax)
    let outlook = place(batch, events, acceptedUntil)
    let cold = missing(events, oldest: outlook.oldest)
    if !cold.isEmpty { return .cold(cold) }
    let strange = survey(batch, events)
    if !strange.isEmpty { return .strange(strange) }
    var given = VerdictCounts()
    var followed = events.records.lowerBound
    let count = events.events.count
    // Within one generation it is all the same when the high water moves.
    let stepsOn = outlook.highWaterMs > identities.generationEndMs
    let step = Self.eventsAhead
    fetch(0..<2 &* step, events)
    warm(0..<step, events)
    for first in stride(from: 0, to: count, by: step) {
      fetch(first &+ 2 &* step..<first &+ 3 &* step, events)
      warm(first &+ step..<first &+ 2 &* step, events)
      for index in first..<min(count, first &+ step) {
        if stepsOn { follow(batch, &followed, through: Int(events.events[index].record), acceptedUntil) }
        given[judge(index, batch, events)] &+= 1
      }
    }
    follow(batch, &followed, through: events.records.upperBound - 1, acceptedUntil)
    if events.records.upperBound > events.records.lowerBound {
      cursor = batch.records[events.records.upperBound - 1].offset + 1
    }
    verdicts += given
    return .applied(Applied(verdicts: given, cursor: cursor, size: size))
  }

  /// Moves the high water on. Every record counts for it, also one that holds no event: an empty batch.
  @inline(__always)
  private mutating func follow(
    _ batch: borrowing RecordBatch, _ followed: inout Int, through last: Int, _ acceptedUntil: Instant
  ) {
    while followed <= last {
      let record = batch.records[followed]
      followed &+= 1
      precondition(record.offset >= cursor, "a record stands at or above the cursor")
      if record.timestampMs > highWaterMs, Instant(saturatingMilliseconds: record.timestampMs) <= acceptedUntil {
        highWaterMs = record.timestampMs
        identities.advance(toHighWater: highWaterMs)
      }
    }
  }

  /// What is not plain usage that comes for the first time is judged aside, so that the way of nearly all events stays short.
  @inline(__always)
  mutating func judge(
    _ index: Int, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict {
    let window = places[index].window
    guard events.events[index].finding == .measurable, places[index].limit == .none else {
      return dismiss(index, batch, events)
    }
    let identity = events.events[index].identity
    let seat = identities.seat(of: identity)
    if seat.isTaken { return meetAgain(identities.known(at: seat), index, batch, events) }
    let isVoid = events.events[index].kind == .void
    let offset = batch.records[Int(events.events[index].record)].offset
    if isVoid || events.events[index].problem != nil {
      if let verdict = refuse(index, offset, batch, events) { return verdict }
    } else if !measure(index, window, offset, batch, events) {
      return quarantine(.overflow, Self.overflowDetail, index, batch, events)
    }
    let entry = IdentityPage.Entry(
      fingerprint: identity, offset: offset, window: window, content: events.events[index].content & 0x1F_FFFF,
      voided: false)
    identities.insert(entry, at: seat)
    write(entry, generationEndMs: identities.generationEndMs)
    return isVoid ? .voided : .counted
  }

  /// An event that no meter wants, that cannot be read, or that lies too far from now.
  @inline(never)
  private mutating func dismiss(
    _ index: Int, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict {
    switch events.events[index].finding {
    case .unmetered: return .unmetered
    case .refused: return quarantine(events.events[index].problem ?? .notCloudEvent, nil, index, batch, events)
    case .measurable:
      let limit = places[index].limit
      return quarantine(limit.reason, limit.detail, index, batch, events)
    }
  }

  /// An event whose identity was counted before.
  @inline(never)
  private mutating func meetAgain(
    _ known: IdentityTable.Known, _ index: Int, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict {
    known.content == events.events[index].content & 0x1F_FFFF
      ? .duplicate : conflict(known.offset, index, batch, events)
  }

  private static let overflowDetail = "the sum of the window would have more than 38 digits"

  private mutating func conflict(
    _ firstOffset: Int64, _ index: Int, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict {
    let event = events.events[index]
    conflicts.append(
      Conflict(
        tenant: events.bytes(event.tenant, in: batch), source: events.bytes(event.source, in: batch),
        id: events.bytes(event.id, in: batch), firstOffset: firstOffset,
        offset: batch.records[Int(event.record)].offset))
    keptBytes += Self.rowBytes + Int(event.tenant.length + event.source.length + event.id.length)
    return .conflict
  }

  /// Nil for a void that took its original back.
  @inline(never)
  private mutating func refuse(
    _ index: Int, _ offset: Int64, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict? {
    let isVoid = events.events[index].kind == .void
    if let problem = events.events[index].problem {
      // A void whose measures cannot be taken can repeat nothing that was counted.
      let isUnknown = isVoid && problem != .voidUnsupported
      return quarantine(isUnknown ? .voidUnknown : problem, nil, index, batch, events)
    }
    guard let (reason, detail) = takeBack(index, offset, batch, events) else { return nil }
    return quarantine(reason, detail, index, batch, events)
  }

  /// Takes the original of a void back from the window in which it was counted; says why if that cannot be.
  private mutating func takeBack(
    _ index: Int, _ offset: Int64, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> (Reason, String)? {
    let void = events.voids[Int(events.events[index].void)]
    guard let known = identities.find(void.identity),
      known.content == void.content & 0x1F_FFFF || known.content == void.adjustContent & 0x1F_FFFF
    else { return (.voidUnknown, "no event of that id and content was counted within dedupe.window") }
    if known.voided { return (.voidTwice, "the event was voided before") }
    guard measureAll(index, known.window, offset, isTakenBack: true, batch, events) else {
      return (.overflow, Self.overflowDetail)
    }
    identities.markVoided(void.identity)
    let entry = IdentityPage.Entry(
      fingerprint: void.identity, offset: known.offset, window: known.window, content: known.content, voided: true)
    write(entry, generationEndMs: identities.end(of: known.generation))
    return nil
  }

  /// Hands an identity to the next flush, in a page of its generation that lies near enough.
  @inline(__always)
  private mutating func write(_ entry: IdentityPage.Entry, generationEndMs: Int64) {
    if page.generationEndMs == generationEndMs, page.append(entry) { return }
    turnPage(entry, generationEndMs)
    let isTaken = page.append(entry)
    precondition(isTaken, "a page takes what it was turned for")
  }

  private mutating func turnPage(_ entry: IdentityPage.Entry, _ generationEndMs: Int64) {
    let known = newIdentities.firstIndex { $0.generationEndMs == generationEndMs && $0.takes(entry) }
    let next =
      known.map { newIdentities.remove(at: $0) }
      ?? IdentityPage(generationEndMs: generationEndMs, baseOffset: entry.offset, baseWindow: entry.window)
    closePage()
    page = next
  }

  private mutating func closePage() {
    if page.count > 0 { newIdentities.append(page) }
    page = IdentityPage(generationEndMs: .min, baseOffset: 0, baseWindow: 0)
  }

  private mutating func quarantine(
    _ reason: Reason, _ detail: String?, _ index: Int, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Verdict {
    let event = events.events[index]
    let record = batch.records[Int(event.record)]
    let detail = detail ?? (event.detail >= 0 ? events.details[Int(event.detail)] : "")
    let payload = events.bytes(event.payload, in: batch)
    let headers = batch.headers(of: record).map { header in
      QuarantinedEvent.Header(name: Array(batch.arena[header.name]), value: header.value.map { Array(batch.arena[$0]) })
    }
    keptBytes += Self.rowBytes + payload.count + detail.utf8.count
    for header in headers { keptBytes += 64 + header.name.count + (header.value?.count ?? 0) }
    quarantined.append(
      QuarantinedEvent(
        offset: record.offset, place: event.place, reason: reason, detail: detail, timestampMs: record.timestampMs,
        payload: payload, headers: headers, form: form(of: event, record), source: held?.id))
    return .quarantined
  }

  /// Everything since the last seal, frozen. Counting goes on from there; identities and totals stay.
  public mutating func seal() -> Flush {
    flushNumber += 1
    closePage()
    newSeries.reorder(
      KeyOrder.sorted(newSeries.count) {
        newSeries.key($0).high
      } isBefore: {
        newSeries.key($0) < newSeries.key($1)
      })
    let flush = Flush(
      number: flushNumber, partition: partition, epoch: epoch, range: OffsetRange(from: sealedTo, to: cursor),
      highWaterMs: highWaterMs, verdicts: verdicts, rollups: residency.rollups(rules.windows), samples: samples,
      values: values, series: newSeries, identities: newIdentities,
      forgetBeforeMs: identities.forgetBeforeMs, quarantined: quarantined, conflicts: conflicts, replays: replays,
      crossings: crossings, reviewed: reviewed.values.sorted { $0.subject < $1.subject })
    sealedTo = cursor
    (sealedRollups, sealedCrossings, sealedNumber) = (flush.rollups, crossings, flushNumber)
    crossings = []
    reviewed = [:]
    residency.seal(flushNumber)
    samples = []
    if !values.isEmpty { (values, seenValues) = ([], KeySet()) }
    verdicts = VerdictCounts()
    newSeries = SeriesDefinitions()
    newIdentities = []
    quarantined = []
    keptBytes = 0
    conflicts = []
    replays = []
    return flush
  }
}
