import MeterCore
import MeterModel
import PostgresEdge

/// The lane's questions to the ledger. Each returns at once; the answer comes back to the lane's queue as a fact.
extension Lane {
  func restore(_ slot: Slot, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void) {
    guard let claim = slot.claim else { preconditionFailure("a claim comes before a restore") }
    slot.forget(nil)
    let tally = Tally(
      partition: claim.partition, epoch: claim.epoch, cursor: slot.round.cursor, highWaterMs: claim.highWaterMs,
      newestWindow: claim.newestWindowSeconds.map {
        around.tallyRules.windows.number(of: Instant(saturatingMilliseconds: $0 * 1_000))
      },
      rules: around.tallyRules)
    let oldest = tally.forgetBeforeMs
    slot.tally = consume tally
    let (log, stay) = (slot.log, slot.stay)
    waiting(slot)
    around.ledger.identities(of: claim.partition, since: oldest, lane: number) { [self] result in
      switch result {
      case .success(let pages):
        queue.async { [self] in
          withSlot(log, stay) { slot in
            for page in pages { slot.tally?.restore(page) }
          }
          restoreSums(log, stay, answer)
        }
      case .failure(let error): answer(.failed, error.words)
      }
    }
  }

  /// The windows in which counting goes on come back whole; older ones are asked for when they are touched.
  private func restoreSums(
    _ log: TopicPartition, _ stay: Int, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void
  ) {
    let (claim, share) = state.withLock { state -> (Ledger.Claim?, Int) in
      guard let slot = state.slots[log], slot.stay == stay else { return (nil, 0) }
      return (slot.claim, around.residentMax / 2 / state.slots.count)
    }
    guard let claim else { return answer(.failed, "the partition has left") }
    around.ledger.recentSums(of: claim.partition, rowsMax: share, around.tallyRules.windows, lane: number) {
      [self] result in
      switch result {
      case .success(let sums):
        queue.async { [self] in withSlot(log, stay) { $0.tally?.restore(sums) } }
        answer(.restored, nil)
      case .failure(let error): answer(.failed, error.words)
      }
    }
  }

  func load(_ slot: Slot, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void) {
    guard let claim = slot.claim else { preconditionFailure("a claim comes before a load") }
    if !slot.strange.isEmpty { return loadStandings(slot, claim, answer) }
    let (log, stay, keys) = (slot.log, slot.stay, slot.cold)
    waiting(slot)
    around.ledger.storedSums(of: claim.partition, keys, around.tallyRules.windows, lane: number) { [self] result in
      switch result {
      case .success(let sums):
        around.gauges.loads.add()
        queue.async { [self] in withSlot(log, stay) { $0.tally?.admit(keys, sums) } }
        answer(.loaded, nil)
      case .failure(let error): answer(.failed, error.words)
      }
    }
  }

  func commit(_ slot: Slot, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void) {
    guard let flush = slot.sealed else { preconditionFailure("a flush is sealed before it is committed") }
    let (log, stay) = (slot.log, slot.stay)
    let begun = Clock.monotonic()
    waiting(slot)
    around.ledger.commit(flush, lane: number) { [self] outcome in
      switch outcome {
      case .committed:
        around.gauges.flushed(flush, nanoseconds: Clock.monotonic() - begun)
        settle(flush, log, stay)
        answer(.flushed, nil)
      case .refused:
        refuse(log, stay)
        answer(.refused, nil)
      case .retriable(let why): answer(.retriable, why)
      case .unknown(let why):
        around.gauges.doubts.add()
        answer(.unknown, why)
      }
    }
  }

  func resolve(_ slot: Slot, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void) {
    guard let flush = slot.sealed else { preconditionFailure("only a sealed flush can be in doubt") }
    let (log, stay) = (slot.log, slot.stay)
    around.ledger.resolve(flush, lane: number) { [self] resolution in
      switch resolution {
      case .committed:
        around.log.info(
          "a flush in doubt was committed", ["log": .string(log.description), "from": .int(flush.range.from)])
        around.gauges.resolved(.committed)
        settle(flush, log, stay)
        answer(.flushed, nil)
      case .absent:
        around.log.info(
          "a flush in doubt was not committed", ["log": .string(log.description), "from": .int(flush.range.from)])
        around.gauges.resolved(.absent)
        answer(.absent, nil)
      case .refused:
        around.gauges.resolved(.refused)
        refuse(log, stay)
        answer(.refused, nil)
      case .unknown(let why): answer(.unknown, why)
      }
    }
  }

  private func settle(_ flush: Flush, _ log: TopicPartition, _ stay: Int) {
    queue.async { [self] in
      state.withLock { state in
        guard let slot = state.slots[log], slot.stay == stay else { return }
        slot.tally?.committed(flush.number)
        // What a batch waits for must not go again before it is counted.
        if slot.waiting.isEmpty { slot.tally?.evict(to: around.residentMax / state.slots.count) }
      }
    }
    around.board.update(log, stay: stay) { $0.committed = flush.range.to }
    outlet.committed(log, flush.range.to)
    if !flush.crossings.isEmpty {
      for crossing in flush.crossings { around.gauges.told(crossing.event) }
      outlet.told()
    }
    if around.rules.current.hasLimits, !flush.rollups.isEmpty { outlet.review() }
  }

  func refuse(_ log: TopicPartition, _ stay: Int) {
    around.gauges.fences.add()
    around.log.warn(
      "a write was refused: another daemon owns the partition; its counts are dropped here",
      ["log": .string(log.description)])
    queue.async { [self] in withSlot(log, stay) { $0.isFenced = true } }
  }

  func halt(_ slot: Slot, _ reason: String, isNew: Bool) {
    around.log.error(
      "partition halted; see the runbook", ["log": .string(slot.log.description), "detail": .string(reason)])
    around.board.update(slot.log, stay: slot.stay) {
      $0.state = .halted(reason, isRecorded: !isNew)
    }
    outlet.ready(slot.log, slot.stay, nil)
    if isNew { recordHalt(slot, reason) }
  }

  func recordHalt(_ slot: Slot, _ reason: String) {
    guard let claim = slot.claim else { preconditionFailure("a claim comes before a halt") }
    let (log, stay) = (slot.log, slot.stay)
    around.ledger.halt(claim, reason: reason, lane: number) { [self] result in
      switch result {
      case .success(true):
        around.board.update(log, stay: stay) { status in
          if status.halt != nil { status.state = .halted(reason, isRecorded: true) }
        }
        hand(.haltRecorded, of: log, stay: stay)
      case .success(false):
        refuse(log, stay)
        hand(.refused, of: log, stay: stay)
      case .failure(let error):
        around.log.warn(
          "the halt could not be recorded; it is tried again",
          ["log": .string(log.description), "detail": .string(error.words)])
        hand(.haltFailed, of: log, stay: stay)
      }
    }
  }
}
