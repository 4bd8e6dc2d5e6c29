/// The independent, slow and obvious recount: what a sequence of records must have come to.
///
/// It keeps everything in memory, in trees and digit by digit, and gives up all speed so that a reader can hold each step
/// against the contract. It knows no periods: nothing is `late`, and limits, lines and seals are not its business.
public struct Oracle: Sendable {
  private let settings: OracleSettings
  private let meters: [OracleMeter]
  private let opener: RecordOpener
  private var partitions: [OraclePlace: Partition] = [:]

  /// `inflate` is given one zstd frame and a limit in bytes. It answers with the frame's content, with the content's
  /// first `limit` bytes when there are more, or with nil when the bytes are anything but one whole frame.
  public init(
    settings: OracleSettings, meters: [OracleMeter], inflate: @escaping @Sendable ([UInt8], Int) -> [UInt8]?
  ) {
    precondition(Set(meters.map(\.name)).count == meters.count, "every meter has a name of its own")
    self.settings = settings
    self.meters = meters
    self.opener = RecordOpener(maxEventBytes: settings.maxEventBytes, inflate: inflate)
  }

  /// Takes the next record of a partition and says what became of each of its events. Gaps between offsets are normal; going back
  /// is the caller's mistake.
  @discardableResult
  public mutating func take(_ record: OracleRecord) -> [OracleVerdict] {
    let place = OraclePlace(topic: record.topic, partition: record.partition)
    var partition = partitions.removeValue(forKey: place) ?? Partition(place: place)
    precondition(partition.lastOffset ?? -1 < record.offset, "the records of a partition come in the order of offsets")
    partition.lastOffset = record.offset

    // "A record that is itself that far ahead of this machine's clock": its timestamp is not accepted. Choice: every
    // other record's timestamp is, whatever becomes of its events.
    let timestamp = OracleInstant(milliseconds: record.timestampMs)
    let isAhead = timestamp > settings.now + settings.maxFuture
    if !isAhead { partition.advanceClock(to: timestamp, settings: settings) }

    var verdicts: [OracleVerdict] = []
    do throws(Refusal) {
      for (index, claim) in try opener.claims(of: record).enumerated() {
        let position = Position(offset: record.offset, index: index)
        do throws(Refusal) {
          let event = try Event(claim)
          let verdict = try judge(event, at: position, timestamp: timestamp, isAhead: isAhead, in: &partition)
          verdicts.append(verdict)
        } catch {
          quarantine(error, at: position, in: &partition)
          verdicts.append(.quarantined)
        }
      }
    } catch {
      quarantine(error, at: Position(offset: record.offset, index: 0), in: &partition)
      verdicts.append(.quarantined)
    }
    for verdict in verdicts { partition.verdicts[verdict, default: 0] += 1 }
    partitions[place] = partition
    return verdicts
  }

  public func results(upTo: OracleInstant) -> OracleResults {
    OracleResults(partitions: Array(partitions.values), meters: meters, settings: settings, upTo: upTo)
  }

  private func quarantine(_ refusal: Refusal, at position: Position, in partition: inout Partition) {
    partition.quarantine.append(
      OracleResults.Quarantined(
        topic: partition.place.topic, partition: partition.place.partition, offset: position.offset,
        index: position.index, reason: refusal.reason, detail: refusal.detail))
  }

  /// The steps after encoding and envelope: meter, time, identity, value.
  private func judge(
    _ event: Event, at position: Position, timestamp: OracleInstant, isAhead: Bool, in partition: inout Partition
  ) throws(Refusal) -> OracleVerdict {
    let wanting = meters.indices.filter { meters[$0].event == event.type }
    if wanting.isEmpty { return .unmetered }

    // Choice: the record's own clock before the event's.
    if isAhead { throw Refusal(.inFuture, "the record is ahead of this machine's clock") }
    let time = event.time ?? timestamp
    if time + settings.maxPast < timestamp { throw Refusal(.tooOld, "older than time.max_past allows") }
    if time > timestamp + settings.maxFuture { throw Refusal(.inFuture, "further ahead than time.max_future allows") }

    let identity = Identity(tenant: event.tenant, source: event.source, id: event.id)
    let content = Content(event)
    if let first = partition.memory(of: identity) {
      if first.content == content { return .duplicate }
      partition.conflicts.append(
        OracleResults.Conflict(
          topic: partition.place.topic, partition: partition.place.partition, tenant: event.tenant,
          source: event.source, id: event.id, firstOffset: first.offset, offset: position.offset,
          index: position.index))
      return .conflict
    }

    let verdict: OracleVerdict
    let outcome: Memory.Outcome
    switch event.correction {
    case .none, .adjust:
      outcome = .counted(effects: try count(event, for: wanting, time: time, at: position, in: &partition))
      verdict = .counted
    case .void(let original):
      try void(event, content, original: original, for: wanting, in: &partition)
      outcome = .void
      verdict = .voided
    }
    // Only what was counted or voided is remembered, so a good event may follow a bad one.
    partition.remember(
      identity,
      Memory(
        offset: position.offset, content: content, countedAt: partition.clock ?? timestamp, outcome: outcome))
    return verdict
  }

  /// Counts an event for all of its meters, or for none: it is quarantined whole if one of them cannot take it.
  ///
  /// Choice: of several faults the contract names no order. Here: void_unsupported, then for all meters bad_value and a
  /// single value's overflow, then bad_dimension, then the overflow of a window's sum.
  private func count(
    _ event: Event, for wanting: [Int], time: OracleInstant, at position: Position, in partition: inout Partition
  ) throws(Refusal) -> [Effect] {
    if case .adjust = event.correction { try requireCorrectable(wanting) }

    var quantities: [Quantity] = []
    for meter in wanting { quantities.append(try Measurement.quantity(for: meters[meter], of: event)) }
    var dimensions: [[OracleText]] = []
    for meter in wanting { dimensions.append(try Measurement.dimensions(for: meters[meter], of: event)) }

    let windowStart = time.windowStart(settings.rollupWindow)
    var effects: [Effect] = []
    for (order, meter) in wanting.enumerated() {
      let series = Partition.SeriesKey(tenant: event.tenant, meter: meter, windowStart: windowStart)
      let placed = partition.placed(dimensions[order], in: series, seriesMax: settings.maxSeriesPerMeter)
      let cell = CellKey(tenant: event.tenant, meter: meter, dimensions: placed, windowStart: windowStart)
      // A count meter counts every event of its type, an adjust too. Choice: so an adjust is one more there.
      let effect = Effect(cell: cell, quantity: quantities[order])
      if case .addend(let units) = effect.quantity {
        try requireRoom(partition.sum(of: cell) + units, for: meters[meter])
      }
      effects.append(effect)
    }
    for (effect, own) in zip(effects, dimensions) {
      partition.count(effect, dimensions: own, time: time, at: position)
    }
    return effects
  }

  /// Takes an original back. Choice: of several faults, unsupported comes first, then unknown, then twice.
  private func void(
    _ event: Event, _ content: Content, original: OracleText, for wanting: [Int], in partition: inout Partition
  ) throws(Refusal) {
    try requireCorrectable(wanting)
    let identity = Identity(tenant: event.tenant, source: event.source, id: original)
    guard let memory = partition.memory(of: identity), memory.content.isRepeated(by: content) else {
      throw Refusal(.voidUnknown, "nothing of that content was counted under that id")
    }
    // "Counted within the dedupe window", also where identities are never forgotten.
    if settings.forgetting.isNever, let clock = partition.clock, clock > memory.countedAt + settings.dedupeWindow {
      throw Refusal(.voidUnknown, "it was counted longer ago than dedupe.window")
    }
    switch memory.outcome {
    case .void: throw Refusal(.voidUnknown, "it is a void itself")
    case .takenBack: throw Refusal(.voidTwice, "it was voided before")
    case .counted(let effects):
      // Taking a negative adjust back can carry a sum out of its range, too.
      for effect in effects {
        guard case .addend(let units) = effect.quantity else { continue }
        try requireRoom(partition.sum(of: effect.cell) - units, for: meters[effect.cell.meter])
      }
      for effect in effects { partition.takeBack(effect) }
      partition.markTakenBack(identity)
    }
  }

  /// An event that feeds one meter that cannot be voided or adjusted cannot be either.
  private func requireCorrectable(_ wanting: [Int]) throws(Refusal) {
    for meter in wanting where !meters[meter].aggregate.canBeCorrected {
      throw Refusal(.voidUnsupported, "meter '\(meters[meter].name)' cannot be corrected")
    }
  }

  private func requireRoom(_ sum: WholeNumber, for meter: OracleMeter) throws(Refusal) {
    if Measurement.fits(sum) { return }
    throw Refusal(
      .overflow, "meter '\(meter.name)': the window's sum is beyond numeric(\(Measurement.digitsMax), \(meter.scale))")
  }
}
