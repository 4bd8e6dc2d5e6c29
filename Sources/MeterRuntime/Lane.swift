import Dispatch
import KafkaEdge
import MeterCore
import MeterModel
import MeterTelemetry
import MeterWire
import PostgresEdge
import Synchronization

/// Owns whole partitions: every batch of theirs is decoded and counted here, one after the other, and every answer about them is
/// dealt with here.
///
/// A lane is a serial queue and the state behind it. Facts come in as work on the queue; the round of the partition says what to do;
/// the lane does it and never waits: the database answers later, as another fact.
final class Lane: Sendable {
  /// What every partition of the daemon has in common.
  struct Surroundings: Sendable {
    var ledger: Ledger
    var rules: RulesBoard
    var tallyRules: Tally.Rules
    var eventBytesMax: Int
    var board: Board
    var gauges: DaemonMetrics
    var log: Log
    var spare: BatchPool
  }

  /// The lane's way to the rest of the daemon; calls return at once.
  struct Outlet: Sendable {
    var askLog: @Sendable (TopicPartition, @escaping @Sendable (PartitionRound.Fact) -> Void) -> Void
    /// The partition may be read from the offset; nil: it is halted and stays unread.
    var ready: @Sendable (TopicPartition, _ stay: Int, Int64?) -> Void
    var released: @Sendable (TopicPartition, _ stay: Int) -> Void
    var giveCredit: @Sendable (TopicPartition) -> Void
    var committed: @Sendable (TopicPartition, Int64) -> Void
  }

  private let number: Int
  private let queue: DispatchQueue
  private let around: Surroundings
  private let outlet: Outlet
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var decoder: Decoder
    var events = EventBatch()
    var slots: [TopicPartition: Slot] = [:]
  }

  init(number: Int, around: Surroundings, outlet: Outlet) {
    self.number = number
    self.around = around
    self.outlet = outlet
    queue = DispatchQueue(label: "meterd.lane.\(number)")
    state = Mutex(State(decoder: Decoder(eventBytesMax: around.eventBytesMax)))
  }

  /// A partition comes to stay.
  func assign(_ log: TopicPartition, stay: Int, bounds: PartitionRound.Bounds) {
    queue.async { [self] in
      state.withLock { state in
        let seed = UInt64(bitPattern: Clock.wall().nanoseconds) ^ UInt64(stay) &* 0x9E37_79B9
        let slot = Slot(log: log, stay: stay, round: PartitionRound(bounds: bounds, seed: seed))
        state.slots[log] = slot
        around.board.update(log, stay: stay, now: Clock.monotonic()) { _ in }
        step(slot, .assigned, &state)
      }
    }
  }

  /// Lets idle partitions commit their clock; the contract promises ten seconds at the most.
  func watchIdle() {
    queue.asyncAfter(deadline: .now() + .seconds(2)) { [weak self] in
      guard let self else { return }
      state.withLock { state in
        for slot in state.slots.values { step(slot, .idle, &state) }
      }
      watchIdle()
    }
  }

  func hand(_ fact: PartitionRound.Fact, of log: TopicPartition, stay: Int) {
    queue.async { [self] in
      state.withLock { state in
        guard let slot = state.slots[log], slot.stay == stay else { return }
        step(slot, fact, &state)
      }
    }
  }

  /// New bounds for every partition that stays here.
  func rebound(_ change: @escaping @Sendable (inout PartitionRound.Bounds) -> Void) {
    queue.async { [self] in
      state.withLock { state in
        for slot in state.slots.values { change(&slot.round.bounds) }
      }
    }
  }

  func receive(_ batch: RecordBatch, of log: TopicPartition, stay: Int) {
    queue.async { [self] in
      state.withLock { state in
        guard let slot = state.slots[log], slot.stay == stay, slot.tally != nil else { return }
        count(batch, slot, &state)
      }
      around.spare.giveBack(batch)
    }
  }

  private func count(_ batch: borrowing RecordBatch, _ slot: Slot, _ state: inout State) {
    let rules = around.rules.current
    let now = Clock.wall()
    var next = 0
    var applied: Tally.Applied
    repeat {
      next = state.decoder.decode(batch, from: next, rules, into: &state.events)
      applied = slot.tally!.apply(batch, state.events, now: now)
      around.gauges.count(applied.verdicts, bytes: 0)
    } while next < batch.records.count
    around.gauges.count(VerdictCounts(), bytes: batch.byteCount)
    publish(applied, slot, batch.records.last?.timestampMs)
    slot.heldCredits += 1
    step(slot, .counted(rows: applied.size.pendingRows, bytes: applied.size.pendingBytes), &state)
    returnCredits(slot)
  }

  private func publish(_ applied: Tally.Applied, _ slot: Slot, _ lastRecordMs: Int64?) {
    let now = Clock.monotonic()
    around.board.update(slot.log, stay: slot.stay, now: now) { status in
      status.cursor = applied.cursor
      status.movedAt = now
      status.size = applied.size
      if let lastRecordMs { status.lastRecordMs = lastRecordMs }
    }
  }

  private func returnCredits(_ slot: Slot) {
    guard !slot.isPaused else { return }
    for _ in 0..<slot.heldCredits { outlet.giveCredit(slot.log) }
    slot.heldCredits = 0
  }

  private func step(_ slot: Slot, _ fact: PartitionRound.Fact, _ state: inout State) {
    let actions = slot.round.step(fact, now: Clock.monotonic())
    for action in actions { carryOut(action, slot, &state) }
    let phase = slot.round.phase
    around.board.update(slot.log, stay: slot.stay, now: Clock.monotonic()) { status in
      switch phase {
      case .reading: status.state = .reading
      case .draining: status.state = .draining
      default: break
      }
    }
  }

  /// An answer to one of this stay's questions, as a fact for its round.
  private func answer(_ slot: Slot) -> @Sendable (PartitionRound.Fact, String?) -> Void {
    let (log, stay) = (slot.log, slot.stay)
    return { [self] fact, trouble in
      around.board.update(log, stay: stay, now: Clock.monotonic()) { status in
        status.trouble = trouble
        if trouble == nil { status.waitingSince = nil }
      }
      if let trouble {
        around.gauges.retries.add()
        around.log.warn(
          "a call to postgres failed",
          ["log": .string(log.description), "fact": .string("\(fact)"), "detail": .string(trouble)])
      }
      hand(fact, of: log, stay: stay)
    }
  }

  private func carryOut(_ action: PartitionRound.Action, _ slot: Slot, _ state: inout State) {
    let answer = answer(slot)
    let (log, stay) = (slot.log, slot.stay)
    switch action {
    case .claim:
      waiting(slot)
      around.ledger.claim(log, lane: number) { [self] result in
        switch result {
        case .success(let claim):
          queue.async { [self] in withSlot(log, stay) { $0.claim = claim } }
          answer(.claimed(next: claim.next, halted: claim.halted), nil)
        case .failure(let error): answer(.failed, error.words)
        }
      }
    case .askLog:
      outlet.askLog(log) { fact in answer(fact, nil) }
    case .begin(let offset):
      waiting(slot)
      around.ledger.begin(slot.claim!, at: offset, lane: number) { result in
        switch result {
        case .success(true): answer(.begun, nil)
        case .success(false): answer(.refused, nil)
        case .failure(let error): answer(.failed, error.words)
        }
      }
    case .restore:
      restore(slot, answer)
    case .read(let offset):
      around.board.update(log, stay: stay, now: Clock.monotonic()) { status in
        status.cursor = offset
        status.committed = offset
      }
      outlet.ready(log, stay, offset)
    case .stopReading:
      slot.isPaused = true
    case .resumeReading:
      slot.isPaused = false
      returnCredits(slot)
    case .seal:
      slot.sealed = slot.tally!.seal()
    case .commit:
      commit(slot, answer)
    case .resolve:
      resolve(slot, answer)
    case .wake(let after):
      queue.asyncAfter(deadline: .now() + .nanoseconds(Int(after.nanoseconds))) { [self] in
        hand(.tick, of: log, stay: stay)
      }
    case .touch:
      if let claim = slot.claim { around.ledger.touch(claim, lane: number) }
    case .halt(let reason, let isNew):
      halt(slot, reason, isNew: isNew)
    case .drop:
      slot.tally = nil
      slot.sealed = nil
    case .release:
      state.slots[log] = nil
      if slot.isFenced {
        around.board.update(log, stay: stay, now: Clock.monotonic()) { $0.state = .fenced }
      } else {
        around.board.remove(log, stay: stay)
      }
      outlet.released(log, stay)
    }
  }

  private func withSlot(_ log: TopicPartition, _ stay: Int, _ change: (Slot) -> Void) {
    state.withLock { state in
      if let slot = state.slots[log], slot.stay == stay { change(slot) }
    }
  }

  /// From here on a call to PostgreSQL is under way.
  private func waiting(_ slot: Slot) {
    let now = Clock.monotonic()
    around.board.update(slot.log, stay: slot.stay, now: now) { if $0.waitingSince == nil { $0.waitingSince = now } }
  }

  private func restore(_ slot: Slot, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void) {
    guard let claim = slot.claim else { preconditionFailure("a claim comes before a restore") }
    let tally = Tally(
      partition: claim.partition, epoch: claim.epoch, cursor: slot.round.cursor, highWaterMs: claim.highWaterMs,
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
        }
        answer(.restored, nil)
      case .failure(let error): answer(.failed, error.words)
      }
    }
  }

  private func commit(_ slot: Slot, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void) {
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

  private func resolve(_ slot: Slot, _ answer: @escaping @Sendable (PartitionRound.Fact, String?) -> Void) {
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
    around.board.update(log, stay: stay, now: Clock.monotonic()) { $0.committed = flush.range.to }
    outlet.committed(log, flush.range.to)
  }

  private func refuse(_ log: TopicPartition, _ stay: Int) {
    around.gauges.fences.add()
    around.log.warn(
      "a flush was refused: another daemon owns the partition; its counts are dropped here",
      ["log": .string(log.description)])
    queue.async { [self] in withSlot(log, stay) { $0.isFenced = true } }
  }

  private func halt(_ slot: Slot, _ reason: String, isNew: Bool) {
    around.log.error(
      "partition halted; see the runbook", ["log": .string(slot.log.description), "detail": .string(reason)])
    around.board.update(slot.log, stay: slot.stay, now: Clock.monotonic()) { $0.state = .halted(reason) }
    outlet.ready(slot.log, slot.stay, nil)
    guard isNew, let claim = slot.claim else { return }
    let log = slot.log
    around.ledger.halt(claim, reason: reason, lane: number) { [around] result in
      if case .failure(let error) = result {
        around.log.warn(
          "the halt could not be recorded", ["log": .string(log.description), "detail": .string(error.words)])
      }
    }
  }
}

/// One partition's stay in a lane. Used on the lane's queue, under its lock, and nowhere else.
private final class Slot {
  let log: TopicPartition
  let stay: Int
  var round: PartitionRound
  var claim: Ledger.Claim?
  var tally: Tally?
  /// The flush that is under way, kept until its outcome is known.
  var sealed: Flush?
  var isPaused = false
  var isFenced = false
  var heldCredits = 0

  init(log: TopicPartition, stay: Int, round: PartitionRound) {
    self.log = log
    self.stay = stay
    self.round = round
  }
}
