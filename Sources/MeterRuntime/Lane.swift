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
    /// Series in memory of all partitions of a lane together.
    var residentMax: Int
    var eventBytesMax: Int
    /// When the daemon began.
    var catalogVersion: Int64
    var board: Board
    var gauges: DaemonMetrics
    var log: Log
    var spare: BatchPool
    var retries: RetryPace
  }

  /// The lane's way to the rest of the daemon; calls return at once.
  struct Outlet: Sendable {
    var askLog: @Sendable (TopicPartition, @escaping @Sendable (PartitionRound.Fact) -> Void) -> Void
    /// The partition may be read from the offset; nil: it is halted and stays unread.
    var ready: @Sendable (TopicPartition, _ stay: Int, Int64?) -> Void
    var released: @Sendable (TopicPartition, _ stay: Int) -> Void
    var giveCredit: @Sendable (TopicPartition, _ stay: Int) -> Void
    var committed: @Sendable (TopicPartition, Int64) -> Void
    /// PostgreSQL answers again.
    var hasten: @Sendable () -> Void
    /// A flush has told of limits.
    var told: @Sendable () -> Void
    /// A flush has counted what others may have to look at.
    var review: @Sendable () -> Void
  }

  /// No timer is earlier than that.
  private static let earliness: Int64 = 10_000_000

  let number: Int
  let queue: DispatchQueue
  let around: Surroundings
  let outlet: Outlet
  let state: Mutex<State>

  struct State: ~Copyable {
    var decoder: Decoder
    var events = EventBatch()
    var slots: [TopicPartition: Slot] = [:]
    /// Of the catalog, by which tenants are known.
    var catalogVersion: Int64
  }

  init(number: Int, around: Surroundings, outlet: Outlet) {
    self.number = number
    self.around = around
    self.outlet = outlet
    queue = DispatchQueue(label: "meterd.lane.\(number)")
    state = Mutex(
      State(decoder: Decoder(eventBytesMax: around.eventBytesMax), catalogVersion: around.catalogVersion))
  }

  /// A partition comes to stay.
  func assign(_ log: TopicPartition, stay: Int, bounds: PartitionRound.Bounds) {
    around.board.begin(log, stay: stay, now: Clock.monotonic())
    queue.async { [self] in
      state.withLock { state in
        let seed = UInt64(bitPattern: Clock.wall().nanoseconds) ^ UInt64(stay) &* 0x9E37_79B9
        let slot = Slot(
          log: log, stay: stay, round: PartitionRound(bounds: bounds, seed: seed), catalogVersion: state.catalogVersion)
        state.slots[log] = slot
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

  /// The group gave the partition to somebody else, and nothing of it is here any more: not even that it was fenced.
  func forget(_ log: TopicPartition, stay: Int) {
    queue.async { [self] in
      let isHere = state.withLock { $0.slots[log]?.stay == stay }
      if !isHere { around.board.remove(log, stay: stay) }
    }
  }

  func hand(_ fact: PartitionRound.Fact, of log: TopicPartition, stay: Int) {
    queue.async { [self] in
      state.withLock { state in
        guard let slot = state.slots[log], slot.stay == stay else { return }
        // A tick that was asked for before the call failed. Its own comes later, and must not be missed for being early by a hair.
        if fact == .tick, let from = slot.retryFrom, Clock.monotonic() < from - Self.earliness { return }
        // Whoever has the partition next cannot know how the log ended here.
        if fact == .revoked { breakOff(slot, &state) }
        step(slot, fact, &state)
      }
    }
  }

  /// The log cannot be read on behind what was handed over; that is counted first, so that the cursor ends where the log does.
  func breakOff(_ log: TopicPartition, stay: Int, _ reason: String) {
    queue.async { [self] in
      state.withLock { state in
        guard let slot = state.slots[log], slot.stay == stay else { return }
        slot.broken = reason
        if slot.waiting.isEmpty { breakOff(slot, &state) }
      }
    }
  }

  private func breakOff(_ slot: Slot, _ state: inout State) {
    guard let reason = slot.broken else { return }
    slot.broken = nil
    step(slot, .broken(reason), &state)
  }

  /// Nothing comes from the log for now, or, with nil, nothing is known to be in the way.
  func trouble(_ log: TopicPartition, stay: Int, _ words: String?) {
    around.board.update(log, stay: stay) { $0.readTrouble = words }
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
        slot.waiting.append(Slot.Waiting(batch: batch, next: 0))
        // What came before it may still be set aside.
        if slot.waiting.count == 1 { countWaiting(slot, &state) }
      }
    }
  }

  /// Counts what came, in order, until nothing is left or something must be loaded first.
  func countWaiting(_ slot: Slot, _ state: inout State) {
    let rules = around.rules.current
    while let waiting = slot.waiting.first, slot.tally != nil {
      if !waiting.held.isEmpty {
        guard countHeld(waiting, rules, slot, &state) else { return }
        continue
      }
      let next = count(waiting.batch, from: waiting.next, rules, slot, &state)
      guard next == waiting.batch.records.count else {
        slot.waiting[0].next = next
        return step(slot, .cold, &state)
      }
      around.gauges.count(VerdictCounts(), bytes: waiting.batch.byteCount)
      slot.waiting.removeFirst()
      slot.heldCredits += 1
      around.spare.giveBack(waiting.batch)
      returnCredits(slot)
    }
    if slot.waiting.isEmpty { breakOff(slot, &state) }
  }

  /// Says how far it came; the records from there on need what the slot's `cold` names.
  private func count(
    _ batch: borrowing RecordBatch, from first: Int, _ rules: MeterRules, _ slot: Slot, _ state: inout State
  ) -> Int {
    let now = Clock.wall()
    var counted = first
    var applied: Tally.Applied?
    counting: while counted < batch.records.count {
      let next = state.decoder.decode(batch, from: counted, rules, into: &state.events)
      switch slot.tally!.apply(batch, state.events, now: now) {
      case .applied(let what):
        applied = what
        counted = next
        around.gauges.count(what.verdicts, bytes: 0)
      case .cold(let keys):
        slot.cold = keys
        break counting
      case .strange(let places):
        slot.ask(places)
        break counting
      }
    }
    if let applied {
      publish(applied, slot, batch.records[counted - 1].timestampMs)
      step(slot, .counted(rows: applied.size.pendingRows, bytes: applied.size.pendingBytes), &state)
    }
    return counted
  }

  private func publish(_ applied: Tally.Applied, _ slot: Slot, _ lastRecordMs: Int64) {
    let now = Clock.monotonic()
    around.board.update(slot.log, stay: slot.stay) { status in
      status.cursor = applied.cursor
      status.movedAt = now
      status.readTrouble = nil
      status.size = applied.size
      status.lastRecordMs = lastRecordMs
    }
  }

  private func returnCredits(_ slot: Slot) {
    guard !slot.isPaused else { return }
    for _ in 0..<slot.heldCredits { outlet.giveCredit(slot.log, slot.stay) }
    slot.heldCredits = 0
  }

  func step(_ slot: Slot, _ fact: PartitionRound.Fact, _ state: inout State) {
    let actions = slot.round.step(fact, now: Clock.monotonic())
    for action in actions {
      guard case .wake(let after) = action, fact.isFailure else {
        carryOut(action, slot, &state)
        continue
      }
      let now = Clock.monotonic()
      let paced = around.retries.next(after: after, now: now)
      slot.retryFrom = now + paced.nanoseconds
      carryOut(.wake(after: paced), slot, &state)
    }
    let phase = slot.round.phase
    around.board.update(slot.log, stay: slot.stay) { status in
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
      around.board.update(log, stay: stay) { status in
        status.trouble = trouble
        if trouble == nil { status.waitingSince = nil }
      }
      if trouble == nil, around.retries.recovered() { outlet.hasten() }
      if let trouble {
        around.gauges.retries.add()
        around.log.warn(
          "a call to postgres failed",
          ["log": .string(log.description), "fact": .string("\(fact)"), "detail": .string(trouble)])
      }
      hand(fact, of: log, stay: stay)
    }
  }

  /// Calls succeed again: whoever has waited for its own back-off goes on at once, not when the slot comes that it got among all.
  func hasten() {
    queue.async { [self] in
      state.withLock { state in
        for slot in state.slots.values where slot.retryFrom != nil {
          slot.retryFrom = nil
          step(slot, .tick, &state)
        }
      }
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
          for session in claim.ended {
            around.log.warn(
              "a session of an earlier owner held the partition and was ended",
              ["log": .string(log.description), "session": .string(session)])
          }
          queue.async { [self] in withSlot(log, stay) { $0.claim = claim } }
          answer(.claimed(next: claim.next, halted: claim.halted), nil)
        case .failure(let error): answer(.failed, error.words)
        }
      }
    case .askLog:
      outlet.askLog(log) { fact in answer(fact, nil) }
    case .begin(let offset):
      waiting(slot)
      around.ledger.begin(slot.claim!, at: offset, lane: number) { [self] result in
        switch result {
        case .success(true): answer(.begun, nil)
        case .success(false):
          refuse(log, stay)
          answer(.refused, nil)
        case .failure(let error): answer(.failed, error.words)
        }
      }
    case .restore:
      restore(slot, answer)
    case .read(let offset):
      around.board.update(log, stay: stay) { status in
        status.cursor = offset
        status.committed = offset
      }
      outlet.ready(log, stay, offset)
    case .stopReading:
      slot.isPaused = true
    case .resumeReading:
      slot.isPaused = false
      returnCredits(slot)
    case .load:
      load(slot, answer)
    case .apply:
      countWaiting(slot, &state)
    case .seal:
      slot.seal(catalogVersion: state.catalogVersion)
    case .commit:
      commit(slot, answer)
    case .resolve:
      resolve(slot, answer)
    case .fetchHeld:
      fetchHeld(slot)
    case .wake(let after):
      queue.asyncAfter(deadline: .now() + .nanoseconds(Int(after.nanoseconds))) { [self] in
        hand(.tick, of: log, stay: stay)
      }
    case .touch:
      if let claim = slot.claim { around.ledger.touch(claim, lane: number) }
    case .halt(let reason, let isNew):
      halt(slot, reason, isNew: isNew)
    case .recordHalt(let reason):
      recordHalt(slot, reason)
    case .drop:
      slot.tally = nil
      slot.waiting = []
      slot.sealed = nil
    case .release:
      state.slots[log] = nil
      if slot.isFenced {
        around.board.update(log, stay: stay) { $0.state = .fenced }
      } else {
        around.board.remove(log, stay: stay)
      }
      outlet.released(log, stay)
    }
  }

  func withSlot(_ log: TopicPartition, _ stay: Int, _ change: (Slot) -> Void) {
    state.withLock { state in
      if let slot = state.slots[log], slot.stay == stay { change(slot) }
    }
  }

  /// From here on a call to PostgreSQL is under way.
  func waiting(_ slot: Slot) {
    let now = Clock.monotonic()
    around.board.update(slot.log, stay: slot.stay) { if $0.waitingSince == nil { $0.waitingSince = now } }
  }
}
