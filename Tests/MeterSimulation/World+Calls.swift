import MeterCore
import MeterModel

/// The way to the ledger and back: what is sent arrives once, never, or late; and what was done is heard of, or not.
extension World {
  private enum Fate {
    case fine
    /// Certainly nothing happened: a serialization failure, a refused connection.
    case failed
    /// The connection is gone before the server had the call.
    case lostBefore
    /// It is gone after the server did what was asked.
    case lostAfter
    /// It is gone, and the server comes to the call long after that was noticed.
    case late
  }

  func ask(_ request: Call.Request, _ slot: Slot) {
    let fate = fate(of: request)
    let call = Call(request, of: slot, isHeard: fate == .fine || fate == .failed)
    if call.isExclusive {
      if let other = slot.call, planted != .twoFlushesInFlight {
        return fail("'\(call.words)' beside '\(other.words)'")
      }
      slot.call = call
    } else if case .load = request {
      if slot.loading != nil { return fail("two loads at once") }
      slot.loading = call
    }
    trace.mix(call.request)
    call.staleNext = tables.partitions[slot.log].nextOffset
    let there = now + delay()
    let back = there + delay()
    switch fate {
    case .fine:
      timeline.add(.serve(call), at: there)
      timeline.add(.answer(call), at: back)
    case .failed:
      call.answer = .failed
      timeline.add(.answer(call), at: back)
    case .lostBefore:
      timeline.add(.answer(call), at: back)
    case .lostAfter:
      timeline.add(.serve(call), at: there)
      timeline.add(.answer(call), at: back)
    case .late:
      timeline.add(.answer(call), at: there)
      timeline.add(.serve(call), at: there + Int64(dice.below(dice.pick([10, 500, 4_000]) * 1_000_000)))
    }
    narrate("daemon \(slot.daemon) log \(slot.log) stay \(slot.stay): '\(call.words)' will be \(fate)")
    if case .failed = fate { spoil(request, slot) }
    if planted == .twoFlushesInFlight, case .commit = request { sendNext(slot) }
  }

  /// What is asked once in the life of a partition fails more often, or its failures would never be seen.
  private func fate(of request: Call.Request) -> Fate {
    var failures = temper.failures
    if case .begin = request { failures *= 4 }
    guard !isQuiet, dice.below(1_000) < failures else { return .fine }
    return dice.pick([.failed, .lostBefore, .lostAfter, .late])
  }

  private func delay() -> Int64 {
    let isSlow = !isQuiet && dice.below(1_000) < temper.slowCalls
    return Int64(1 + dice.below((isSlow ? temper.slowMs : 3) * 1_000_000))
  }

  /// The server does what a call asks for, at once and whole.
  func serve(_ call: Call) {
    let slot = call.slot
    let before = tables.partitions[slot.log].standing
    switch call.request {
    case .claim:
      var claim = tables.claim(slot.log, owner: slot.daemon)
      if planted == .claimReadsBeforeItLocks { claim.next = call.staleNext }
      call.answer = .claim(claim)
    case .askLog: call.answer = logEnds(slot.log)
    case .begin(let claim, let offset): call.answer = .begun(tables.begin(claim, at: offset))
    case .restore(_, let since):
      let pages = tables.pages(slot.log, since: since)
      check(pages, of: slot.log)
      let sums = tables.recentSums(slot.log, rowsMax: temper.recentMax, script.tallyRules.windows)
      call.answer = .pages(pages, sums)
    case .commit(let flush):
      call.answer = .applied(tables.apply(flush))
      if slot.call !== call { incidents.lateLandings += 1 }
    case .resolve(let flush): call.answer = .resolution(tables.resolve(flush))
    case .halt(let claim, let reason):
      let isOurs = tables.halt(claim, reason)
      if isOurs { slot.owesHalt = false }
      call.answer = .halted(isOurs)
    case .load(let claim, let keys):
      call.answer = .sums(tables.storedSums(Int(claim.partition.number), keys, script.tallyRules.windows))
    case .fetchHeld:
      let (rows, hasMore) = tables.heldEvents(slot.log)
      call.answer = .held(rows, hasMore: hasMore)
    }
    trace.mix(call.request)
    narrate("the server did '\(call.words)' of stay \(slot.stay): \(call.answer.words)")
    check(slot.log, since: before)
  }

  /// The watermarks; now and then a broker that lags answers less than the truth.
  private func logEnds(_ number: Int) -> Call.Answer {
    let log = script.logs[number]
    let seen = visible[number]
    var high = seen == 0 ? log.start : log.records[seen - 1].offset + 1
    if temper.breaks > 0, !isQuiet, dice.once(in: 20) { high = log.start }
    return .log(low: log.start, high: high)
  }

  /// A daemon hears what became of its call.
  func answer(_ call: Call) {
    let slot = call.slot
    guard !slot.isGone else { return }
    if slot.call === call { slot.call = nil }
    if slot.loading === call { slot.loading = nil }
    switch (call.request, call.isHeard ? call.answer : .lost) {
    case (.claim, .claim(let claim)):
      slot.claim = claim
      step(slot, .claimed(next: claim.next, halted: claim.halted))
    case (.askLog, .log(let low, let high)): step(slot, .logged(low: low, high: high))
    case (.begin, .begun(let isOurs)): step(slot, isOurs ? .begun : .refused)
    case (.restore, .pages(let pages, let sums)):
      take(pages, slot)
      if planted != .tallyKeptOverTheStay {
        slot.tally?.restore(planted == .restoreForgetsASum ? sums.dropLast() : sums)
      }
      step(slot, .restored)
    case (.load(_, let keys), .sums(let sums)):
      incidents.loads += 1
      slot.tally?.admit(keys, planted?.spoilt(sums) ?? sums)
      step(slot, .loaded)
    case (.commit(let flush), let answer): hear(answer, of: flush, slot)
    case (.resolve(let flush), let answer): hearResolution(answer, of: flush, slot)
    case (.halt, .halted(let isOurs)): step(slot, isOurs ? .haltRecorded : .refused)
    case (.halt, _): step(slot, planted == .failedHaltForgotten ? .haltRecorded : .haltFailed)
    case (.fetchHeld, .held(let rows, let hasMore)): take(rows, hasMore: hasMore, slot)
    case (.fetchHeld, _): step(slot, .notHeld)
    default: step(slot, .failed)
    }
  }

  private func hear(_ answer: Call.Answer, of flush: Flush, _ slot: Slot) {
    switch answer {
    case .applied(true):
      settle(slot, flush)
      step(slot, .flushed)
    case .applied(false): refuse(slot, flush)
    case .failed: step(slot, .retriable)
    default:
      guard planted == .unknownTakenForRetriable, var again = slot.sealed else { return step(slot, .unknown) }
      again.number += 1_000
      slot.sealed = again
      slot.unresolved = nil
      step(slot, .retriable)
    }
  }

  private func hearResolution(_ answer: Call.Answer, of flush: Flush, _ slot: Slot) {
    guard case .resolution(let resolution) = answer else { return step(slot, .unknown) }
    switch (planted, resolution) {
    case (.resolveTakenForCommitted, _):
      settle(slot, flush)
      step(slot, .flushed)
    case (.resolveTakenForAbsent, .committed):
      // What is in the tables is sent again, with what came since then.
      slot.sealed = slot.resealed(flush)
      slot.sealed?.number += 1
      slot.unresolved = nil
      step(slot, .absent)
    case (.absentDropsTheFlush, .absent):
      slot.sealed = nil
      slot.unresolved = nil
      step(slot, .flushed)
    case (_, .committed):
      settle(slot, flush)
      step(slot, .flushed)
    case (_, .absent): step(slot, .absent)
    case (_, .refused): refuse(slot, flush)
    }
  }

  /// Nobody is refused but by a claim.
  private func refuse(_ slot: Slot, _ flush: Flush) {
    incidents.fences += 1
    if tables.partitions[slot.log].epoch == flush.epoch.number {
      return fail("a flush is refused although nobody else has claimed the partition")
    }
    if planted == .fenceIgnoredByDaemon {
      slot.sealed = nil
      slot.unresolved = nil
      return step(slot, .flushed)
    }
    step(slot, .refused)
  }

  // Bugs that need more than a branch.

  /// What a transaction leaves behind although it failed.
  private func spoil(_ request: Call.Request, _ slot: Slot) {
    guard case .commit(let flush) = request else { return }
    switch planted {
    case .pagesOutsideTheTransaction: tables.partitions[slot.log].pages += flush.identities
    case .quarantineOutsideTheTransaction: tables.partitions[slot.log].quarantined += flush.quarantined
    default: break
    }
  }

  private func sendNext(_ slot: Slot) {
    guard let tally = slot.tally?.cursor, let sealed = slot.sealed, sealed.range.to < tally else { return }
    guard let next = slot.tally?.seal() else { return }
    timeline.add(.serve(Call(.commit(next), of: slot, isHeard: false)), at: now + delay())
  }
}

extension PlantedBug {
  fileprivate func spoilt(_ sums: [StoredSum]) -> [StoredSum] {
    switch self {
    case .loadForgetsASeries: sums.dropLast()
    case .loadForgetsWhatWasSummed: sums.map { StoredSum(key: $0.key, series: $0.series, units: 0) }
    default: sums
    }
  }
}

extension Call.Answer {
  var words: String {
    switch self {
    case .claim(let claim): "epoch \(claim.epoch.number), next \(claim.next ?? -1)"
    case .log(let low, let high): "\(low) to \(high)"
    case .begun(let isOurs): isOurs ? "begun" : "refused"
    case .pages(let pages, let sums): "\(pages.count) pages and \(sums.count) sums"
    case .applied(let isIn): isIn ? "committed" : "refused"
    case .resolution(let resolution): "\(resolution)"
    case .halted(let isOurs): isOurs ? "halted" : "refused"
    case .sums(let sums): "\(sums.count) sums"
    case .held(let rows, _): "\(rows.count) held"
    case .failed: "failed"
    case .lost: "lost"
    }
  }
}
