import MeterCore
import MeterModel

/// Somebody asks for replays now and then, daemons look every second whether somebody has, and the owner counts them with its next flush.
extension World {
  /// Some rows for each log, and the instants at which replays of them are wanted.
  func plantHeld() {
    for log in script.logs.indices {
      let records = script.logs[log].records
      guard !records.isEmpty else { continue }
      for number in 0..<(2 + dice.below(9)) {
        let record = records[dice.below(records.count)]
        let kind = dice.pick(HeldRow.Kind.allCases)
        // A record from the future would be refused again.
        let now = Int64(script.settings.now.nanoseconds / 1_000_000)
        tables.partitions[log].held.append(
          HeldRow(
            kind, id: Int64(log * 1_000 + number + 1), log: log, offset: record.offset,
            timestampMs: min(record.timestampMs, now)))
        timeline.add(.wantReplay(log: log, row: number), at: Int64(dice.below(Int(temper.quietNs))))
      }
    }
    for daemon in daemons.indices { timeline.add(.lookForReplays(daemon: daemon), at: milliseconds(1_000)) }
  }

  var isEveryReplayDone: Bool {
    tables.partitions.allSatisfy { $0.held.allSatisfy { !$0.isAskedFor && ($0.replays > 0 || !hasReplays) } }
  }

  /// Still held, an event may be asked for again.
  func wantReplay(_ log: Int, _ row: Int) {
    let held = tables.partitions[log].held[row]
    guard !held.isReplayed, !held.isAskedFor else { return }
    // Nobody holds what was not read yet.
    guard held.record.offset < tables.partitions[log].nextOffset ?? -1 else {
      return timeline.add(.wantReplay(log: log, row: row), at: now + milliseconds(100))
    }
    tables.partitions[log].held[row].isAskedFor = true
    trace.mix(UInt64(log) << 32 | UInt64(row))
    narrate("a replay of event \(held.event.id) of log \(log) is wanted")
    if held.kind == .stillBad, !isQuiet { timeline.add(.wantReplay(log: log, row: row), at: around(2_000)) }
  }

  func lookForReplays(_ daemon: Int) {
    timeline.add(.lookForReplays(daemon: daemon), at: now + milliseconds(1_000))
    guard daemons[daemon].isAlive else { return }
    for slot in daemons[daemon].slots {
      guard let slot, tables.partitions[slot.log].held.contains(where: \.isAskedFor) else { continue }
      step(slot, .replayWanted)
      if planted == .replayFetchedTwice || planted == .replaySettledUnasked, !slot.isGone, slot.tally != nil {
        fetchHeld(slot)
      }
    }
  }

  func fetchHeld(_ slot: Slot) {
    guard let claim = slot.claim else { return fail("a replay without a claim") }
    ask(.fetchHeld(claim), slot)
  }

  func take(_ rows: [HeldRow], hasMore: Bool, _ slot: Slot) {
    step(slot, .held(rows.count, hasMore: hasMore))
    guard !rows.isEmpty, slot.tally != nil else { return }
    var batch = RecordBatch()
    for row in rows { batch.append(row.record) }
    batch.close()
    slot.waiting.append(Slot.Waiting(batch: batch, next: 0, held: rows.map(\.event)))
    // What came before it may still be set aside.
    if slot.waiting.count == 1 { countWaiting(slot) }
  }

  /// As the runtime's lane does; false when something must be loaded before the next.
  func countHeld(_ waiting: Slot.Waiting, _ slot: Slot) -> Bool {
    let wall = Instant(nanoseconds: Int64(script.settings.now.nanoseconds))
    var next = waiting.next
    var size: Tally.Size?
    counting: while next < waiting.held.count {
      let event = waiting.held[next]
      decoder.decode(waiting.batch, at: next, as: event, rules, into: &events)
      switch slot.tally!.replay(event, waiting.batch, events, now: wall) {
      case .applied(let what):
        size = what.size
        next += 1
        incidents.replays += 1
      case .cold(let keys):
        slot.cold = keys
        break counting
      case .strange: preconditionFailure("nothing is limited in this world")
      }
    }
    let isDone = next == waiting.held.count
    if isDone { slot.waiting.removeFirst() } else { slot.waiting[0].next = next }
    if isDone { step(slot, .replayed) }
    if let size { step(slot, .counted(rows: size.pendingRows, bytes: size.pendingBytes)) }
    if !isDone { step(slot, .cold) }
    return isDone
  }
}
