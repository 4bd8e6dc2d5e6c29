import MeterCore
import MeterModel

/// The runtime's part: a fact goes to the partition's round, and what the round asks for is carried out.
extension World {
  func step(_ slot: Slot, _ fact: PartitionRound.Fact) {
    guard !slot.isGone, flaw == nil else { return }
    if planted == .revokeDropsAndMovesTheCursor, fact == .revoked { return step(slot, .lost) }
    let actions = slot.round.step(fact, now: now)
    mix(fact, slot)
    if fact == .lost || fact == .refused { slot.isCutOff = true }
    switch (fact, actions.isEmpty) {
    case (.counted, true), (.idle, true), (.tick, true): break
    default: narrate("daemon \(slot.daemon) log \(slot.log) stay \(slot.stay): \(fact) -> \(actions)")
    }
    for action in actions { carryOut(action, slot) }
  }

  private func mix(_ fact: PartitionRound.Fact, _ slot: Slot) {
    trace.mix(now)
    trace.mix(UInt64(slot.stay) << 8)
    trace.mix(fact)
  }

  private func carryOut(_ action: PartitionRound.Action, _ slot: Slot) {
    guard !slot.isGone, flaw == nil else { return fail("\(action) after the release") }
    switch action {
    case .claim: ask(.claim, slot)
    case .askLog: ask(.askLog, slot)
    case .begin(let offset):
      guard let claim = slot.claim else { return fail("begin without a claim") }
      ask(.begin(claim, at: offset), slot)
    case .restore: restore(slot)
    case .read(let offset): read(slot, from: offset)
    case .stopReading: slot.isPaused = true
    case .resumeReading:
      slot.isPaused = false
      slot.batchesBehindStop = 0
      returnCredits(slot)
    case .load:
      guard let claim = slot.claim else { return fail("a load without a claim") }
      ask(.load(claim, slot.cold), slot)
    case .apply: countWaiting(slot)
    case .seal: seal(slot)
    case .commit: commit(slot)
    case .resolve: resolve(slot)
    case .fetchHeld: fetchHeld(slot)
    case .wake(let after):
      if after.nanoseconds < 0 { return fail("a wake in the past") }
      if planted == .wakeForgotten, slot.unresolved != nil { return }
      timeline.add(.fact(slot, .tick), at: now + after.nanoseconds)
    case .touch:
      // Moves nothing but the clock of the row.
      if slot.sealed != nil { fail("touched beside a flush") }
    case .halt(let reason, let isNew):
      incidents.halts += 1
      slot.reader = nil
      if isNew {
        slot.owesHalt = true
        recordHalt(slot, reason)
      }
      timeline.add(.resume(log: slot.log), at: around(3_000))
    case .recordHalt(let reason): recordHalt(slot, reason)
    case .drop: drop(slot)
    case .release: released(slot)
    }
  }

  private func recordHalt(_ slot: Slot, _ reason: String) {
    guard let claim = slot.claim else { return fail("a halt without a claim") }
    ask(.halt(claim, reason), slot)
  }

  private func drop(_ slot: Slot) {
    if planted == .tallyKeptOverTheStay { return }
    if planted == .revokeDropsAndMovesTheCursor, let cursor = slot.tally?.cursor,
      tables.partitions[slot.log].epoch == slot.claim?.epoch.number, tables.partitions[slot.log].nextOffset != nil
    {
      tables.partitions[slot.log].nextOffset = cursor
    }
    slot.tally = nil
    slot.waiting = []
    slot.sealed = nil
    slot.unresolved = nil
  }

  private func restore(_ slot: Slot) {
    guard let claim = slot.claim else { return fail("a restore without a claim") }
    let newest = claim.newestWindowSeconds.map {
      script.tallyRules.windows.number(of: Instant(saturatingMilliseconds: $0 * 1_000))
    }
    if planted != .tallyKeptOverTheStay || slot.tally == nil {
      slot.tally = Tally(
        partition: claim.partition, epoch: claim.epoch, cursor: slot.round.cursor,
        highWaterMs: planted == .highWaterNotRestored ? 0 : claim.highWaterMs,
        newestWindow: planted == .loadingSkipped ? nil : newest, rules: script.tallyRules)
    }
    guard let since = slot.tally?.forgetBeforeMs else { return }
    incidents.restores += 1
    ask(.restore(claim, since: since), slot)
  }

  func take(_ pages: [IdentityPage], _ slot: Slot) {
    var pages = pages
    if planted == .restoreSkipped { pages = [] }
    if planted == .restoreForgetsNewestPage { pages = pages.dropLast() }
    // In any order: a void's mark may come before its original.
    for page in dice.shuffled(pages) {
      slot.tally?.restore(planted == .voidMarksNotRestored ? page.withoutVoids : page)
    }
  }

  // Flushes.

  private func seal(_ slot: Slot) {
    if slot.sealed != nil, planted != .twoFlushesInFlight { return fail("sealed beside an unresolved flush") }
    guard var flush = slot.tally?.seal() else { return fail("sealed without a tally") }
    if planted == .evictedBeforeTheCommit {
      slot.tally?.committed(flush.number)
      evict(slot)
    }
    if planted == .verdictLostAtSeal { flush.verdicts[.duplicate] = 0 }
    if planted == .kafkaToldBeforeTheCommit { commitToKafka(slot, flush.range.to) }
    slot.sealed = flush
  }

  private func commit(_ slot: Slot) {
    guard var flush = slot.sealed else { return fail("nothing is sealed") }
    if let unresolved = slot.unresolved {
      // It is sent again.
      switch planted {
      case .resentWithNewContents: (flush, slot.sealed) = (slot.resealed(flush), slot.resealed(flush))
      case .definitionsSentOnce: flush.series = SeriesDefinitions()
      case .pagesSentOnce: flush.identities = []
      default: break
      }
      if unresolved.number != flush.number { return fail("a flush is sent while another is unresolved") }
      if unresolved.contents != flush.contents { return fail("a flush changed between two attempts") }
    }
    slot.unresolved = (flush.number, flush.contents)
    ask(.commit(flush), slot)
  }

  private func resolve(_ slot: Slot) {
    guard let flush = slot.sealed else { return fail("only a sealed flush can be in doubt") }
    incidents.doubts += 1
    ask(.resolve(flush), slot)
  }

  /// The flush is in the tables, as the daemon sees it.
  func settle(_ slot: Slot, _ flush: Flush) {
    incidents.flushes += 1
    slot.unresolved = nil
    slot.sealed = nil
    slot.tally?.committed(flush.number)
    evict(slot)
    commitToKafka(slot, flush.range.to)
  }

  /// What is committed is forgotten at random; it must not matter. What a batch waits for must not go again before it is counted.
  func evict(_ slot: Slot) {
    guard slot.waiting.isEmpty else { return }
    let chance = temper.evictions
    if chance > 0 { slot.tally?.evict { _ in dice.below(100) < chance } }
    if let residentMax = temper.residentMax { slot.tally?.evict(to: residentMax) }
  }

  private func commitToKafka(_ slot: Slot, _ offset: Int64) {
    guard let cursor = tables.partitions[slot.log].nextOffset, offset <= cursor else {
      return fail("Kafka's offset \(offset) passes the cursor")
    }
    kafkaOffsets[slot.log] = offset
  }
}

extension IdentityPage {
  fileprivate var withoutVoids: IdentityPage {
    var page = IdentityPage(generationEndMs: generationEndMs, baseOffset: baseOffset, baseWindow: baseWindow)
    for index in 0..<count {
      var entry = self[index]
      entry.voided = false
      let isTaken = page.append(entry)
      precondition(isTaken, "the page took this entry before")
    }
    return page
  }
}

extension Slot {
  /// A flush with what came since then, under the old number: what must never be made.
  func resealed(_ flush: Flush) -> Flush {
    guard let more = tally?.seal() else { return flush }
    var flush = flush
    flush.range.to = more.range.to
    flush.verdicts += more.verdicts
    flush.rollups += more.rollups
    flush.identities += more.identities
    for definition in more.series { flush.series.append(definition) }
    flush.quarantined += more.quarantined
    flush.replays += more.replays
    flush.conflicts += more.conflicts
    return flush
  }
}

extension Flush {
  /// Tells two sealed flushes apart.
  var contents: UInt64 {
    var digest = Digest()
    digest.mix(number)
    digest.mix(epoch.number)
    digest.mix(range.from)
    digest.mix(range.to)
    digest.mix(highWaterMs)
    for verdict in Verdict.allCases { digest.mix(verdicts[verdict]) }
    for rollup in rollups {
      digest.mix((rollup.series.high, rollup.series.low))
      digest.mix(rollup.windowStartSeconds)
      digest.mix(rollup.quantity.units)
      digest.mix(rollup.events)
    }
    for page in identities { digest.mix(page.bytes) }
    for replay in replays { digest.mix(replay.id) }
    for count in [samples.count, values.count, series.count, quarantined.count, conflicts.count] {
      digest.mix(UInt64(count))
    }
    return digest.value
  }
}
