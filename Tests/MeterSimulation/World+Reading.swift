import MeterCore
import MeterModel
import MeterWire

extension World {
  /// Reading begins: the drain seeks to the offset.
  func read(_ slot: Slot, from offset: Int64) {
    let row = tables.partitions[slot.log]
    if row.epoch == slot.claim?.epoch.number {
      if row.halted != nil { fail("a halted partition is read") }
      if row.nextOffset != offset { fail("reading begins at \(offset), the cursor is \(row.nextOffset ?? -1)") }
    }
    if slot.tally == nil { fail("reading begins without a tally") }
    var offset = offset
    if planted == .readFromKafkasOffset, let known = kafkaOffsets[slot.log] { offset = known }
    if slot.isLeaving { return }
    slot.reader = Slot.Reader(
      expected: offset, next: script.logs[slot.log].index(at: offset), credits: temper.credits, lastDelivery: now)
    wakeReader(slot)
  }

  func wakeReader(_ slot: Slot) {
    guard let reader = slot.reader, !reader.isFetching, reader.credits > 0, reader.next < visible[slot.log] else {
      return
    }
    slot.reader?.isFetching = true
    timeline.add(.fetch(slot), at: now + Int64(1 + dice.below(2_000_000)))
  }

  func fetch(_ slot: Slot) {
    guard var reader = slot.reader, !slot.isGone else { return }
    reader.isFetching = false
    if !isQuiet, dice.below(1_000) < temper.breaks {
      slot.reader = nil
      timeline.add(.fact(slot, .broken("the log cannot be read on")), at: now)
      return
    }
    let log = script.logs[slot.log]
    var first = reader.next
    if !isQuiet, first > 0, dice.below(1_000) < temper.redeliveries {
      // The broker was asked anew, from further back.
      first = max(0, first - 1 - dice.below(2 * temper.batchMax))
    }
    let end = min(visible[slot.log], first + 1 + dice.below(temper.batchMax))
    var wanted = first
    // Without gaps an offset would tell how many records come before it.
    while wanted < end, log.records[wanted].offset < reader.expected, planted != .redeliveryAccepted { wanted += 1 }
    reader.next = max(end, planted == .redeliveryAccepted ? end : reader.next)
    if wanted < end {
      reader.credits -= 1
      reader.expected = log.records[end - 1].offset + 1
      if planted == .offsetsTakenForDense { reader.expected = log.records[wanted].offset + Int64(end - wanted) }
      reader.lastDelivery = max(reader.lastDelivery + 1, now + Int64(dice.below(temper.deliveryMs * 1_000_000)))
      timeline.add(.deliver(Delivery(slot: slot, records: wanted..<end)), at: reader.lastDelivery)
    }
    slot.reader = reader
    wakeReader(slot)
  }

  /// A batch reaches the lane. One of an earlier stay is dropped there.
  func receive(_ delivery: Delivery) {
    guard let slot = daemons[delivery.slot.daemon].slots[delivery.slot.log] else { return }
    guard slot === delivery.slot || planted == .staleDeliveryAccepted, !slot.isGone, slot.tally != nil else { return }
    trace.mix(UInt64(delivery.records.lowerBound) << 32 | UInt64(delivery.records.count))
    if slot.isPaused {
      slot.batchesBehindStop += 1
      if slot.batchesBehindStop > temper.credits { return fail("a partition is read although it is full") }
    }
    if slot.isPaused, planted == .pausedBatchDropped {
      slot.heldCredits += 1
      return
    }
    var batch = RecordBatch()
    let log = script.logs[slot.log]
    for record in log.records[delivery.records] {
      let isPassedOver = planted == .emptyRecordsPassedOver && record.offset + 1 < log.end && log.isEmpty(record)
      if !isPassedOver { batch.append(record) }
    }
    if batch.isEmpty {
      slot.heldCredits += 1
      return returnCredits(slot)
    }
    batch.close()
    narrate("daemon \(slot.daemon) log \(slot.log) stay \(slot.stay): \(delivery.records.count) records")
    if planted == .waitingBatchOvertaken {
      slot.waiting.insert(Slot.Waiting(batch: batch, next: 0), at: 0)
      return countWaiting(slot)
    }
    slot.waiting.append(Slot.Waiting(batch: batch, next: 0))
    // What came before it may still be set aside.
    if slot.waiting.count == 1 { countWaiting(slot) }
  }

  /// As the runtime's lane does: counts what came, in order, until nothing is left or something must be loaded first.
  func countWaiting(_ slot: Slot) {
    while let waiting = slot.waiting.first, slot.tally != nil, flaw == nil {
      if !waiting.held.isEmpty {
        guard countHeld(waiting, slot) else { return }
        continue
      }
      let next = count(waiting.batch, from: waiting.next, slot)
      checkMemory(slot)
      guard next == waiting.batch.records.count else {
        if slot.waiting.isEmpty { return }
        slot.waiting[0].next = next
        return step(slot, .cold)
      }
      if !slot.waiting.isEmpty { slot.waiting.removeFirst() }
      slot.growth = 0
      slot.heldCredits += 1
      returnCredits(slot)
    }
  }

  /// Says how far it came; the records from there on need what the slot's `cold` names.
  private func count(_ batch: borrowing RecordBatch, from first: Int, _ slot: Slot) -> Int {
    guard let cursor = slot.tally?.cursor, cursor <= batch.records[first].offset else {
      fail("a record below the tally's cursor is counted: \(batch.records[first].offset)")
      return batch.records.count
    }
    let before = slot.tally?.size.pendingBytes ?? 0
    var counted = first
    var size: Tally.Size?
    let wall = Instant(nanoseconds: Int64(script.settings.now.nanoseconds))
    counting: while counted < batch.records.count {
      let next = decoder.decode(batch, from: counted, rules, into: &events)
      if planted == .otherByAnotherHash { events.other.high ^= 1 }
      switch slot.tally!.apply(batch, events, now: wall) {
      case .applied(let what):
        size = what.size
        incidents.counted += next - counted
        counted = planted == .halfABatchCounted ? batch.records.count : next
        if planted == .sealedFlushStillCounts { slot.sealed?.verdicts += what.verdicts }
      case .cold(let keys):
        slot.cold = keys
        break counting
      case .strange: preconditionFailure("nothing is limited in this world")
      }
    }
    if let size {
      slot.growth += size.pendingBytes - before
      slot.growthMax = max(slot.growthMax, slot.growth)
      step(slot, .counted(rows: size.pendingRows, bytes: size.pendingBytes))
    }
    return counted
  }

  /// Only the batches that were under way when reading stopped go beyond the bound.
  private func checkMemory(_ slot: Slot) {
    guard !slot.isGone, let pending = slot.tally?.size.pendingBytes else { return }
    let bound = temper.bounds.pendingBytes + (temper.credits + 1) * slot.growthMax
    if pending > bound { fail("\(pending) bytes are pending, more than \(bound)") }
  }

  func returnCredits(_ slot: Slot) {
    if slot.isPaused, planted != .stopReadingIgnored { return }
    slot.reader?.credits += slot.heldCredits
    slot.heldCredits = 0
    wakeReader(slot)
  }
}
