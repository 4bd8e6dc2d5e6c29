import MeterCore
import MeterModel
import MeterTelemetry
import MeterWire
import PostgresEdge

/// Events from quarantine, which the partition's owner counts again. They wait in line with what came from the log.
extension Lane {
  func fetchHeld(_ slot: Slot) {
    guard let claim = slot.claim else { preconditionFailure("a claim comes before a replay") }
    let (log, stay) = (slot.log, slot.stay)
    around.ledger.heldEvents(of: claim.partition, lane: number) { [self] result in
      queue.async { [self] in
        state.withLock { state in
          guard let slot = state.slots[log], slot.stay == stay else { return }
          take(result, slot, &state)
        }
      }
    }
  }

  private func take(_ result: Result<HeldBatch, PostgresError>, _ slot: Slot, _ state: inout State) {
    switch result {
    case .success(let held):
      step(slot, .held(held.events.count, hasMore: held.hasMore), &state)
      guard !held.events.isEmpty, slot.tally != nil else { return }
      slot.waiting.append(Slot.Waiting(batch: held.batch, next: 0, held: held.events))
      // What came before it may still be set aside.
      if slot.waiting.count == 1 { countWaiting(slot, &state) }
    case .failure(let error):
      around.log.warn(
        "quarantined events could not be fetched for their replay",
        ["log": .string(slot.log.description), "detail": .string(error.words)])
      step(slot, .notHeld, &state)
    }
  }

  /// Counts held events one by one; false when something must be loaded before the next.
  func countHeld(_ waiting: Slot.Waiting, _ rules: MeterRules, _ slot: Slot, _ state: inout State) -> Bool {
    let now = Clock.wall()
    var next = waiting.next
    var size: Tally.Size?
    counting: while next < waiting.held.count {
      let event = waiting.held[next]
      state.decoder.decode(waiting.batch, at: next, as: event, rules, into: &state.events)
      switch slot.tally!.replay(event, waiting.batch, state.events, now: now) {
      case .applied(let what):
        size = what.size
        next += 1
        around.gauges.replayed(what.verdicts)
      case .cold(let keys):
        slot.cold = keys
        break counting
      case .strange(let places):
        slot.ask(places)
        break counting
      }
    }
    let isDone = next == waiting.held.count
    if isDone { slot.waiting.removeFirst() } else { slot.waiting[0].next = next }
    if isDone { step(slot, .replayed, &state) }
    if let size {
      around.board.update(slot.log, stay: slot.stay) { $0.size = size }
      step(slot, .counted(rows: size.pendingRows, bytes: size.pendingBytes), &state)
    }
    if !isDone { step(slot, .cold, &state) }
    return isDone
  }
}
