import MeterModel

/// What must hold after every step, and at the end.
extension World {
  /// Looks at a partition after a statement: what it may have changed, and what it must not.
  func check(_ log: Int, since before: Tables.Standing) {
    let row = tables.partitions[log]
    if let old = before.nextOffset, (row.nextOffset ?? -1) < old { return fail("the cursor of log \(log) falls") }
    if before.halted != nil, row.halted == nil { return fail("the halt of log \(log) is gone, and nobody lifted it") }
    if row.epoch < before.epoch { return fail("the epoch of log \(log) falls") }
    if row.highWaterMs < before.highWaterMs { return fail("the high water of log \(log) falls") }
    if let offset = kafkaOffsets[log], offset > row.nextOffset ?? -1 {
      return fail("Kafka's offset \(offset) passes the cursor of log \(log)")
    }
    if row.replays != before.replays, let words = tables.flawOfReplays(log) { return fail(words) }
    guard row.journal.count > before.intervals, let interval = row.journal.last else {
      let isSame =
        row.ofLog == before.ofLog && (row.pages.count == before.pages || row.replays > before.replays)
        && row.quarantined.count == before.quarantined && row.conflicts.count == before.conflicts
      if !isSame { fail("something was counted in log \(log) without an interval in the journal") }
      return
    }
    check(interval, of: log, row, before)
    if flaw == nil, let at = prefixCheckAt {
      prefixCheckAt = at > 0 ? at - 1 : nil
      if at == 0 { compareUsage(with: script.expected(below: cursors), "of the records up to the cursors") }
    }
  }

  private var cursors: [Int64] { tables.partitions.map { $0.nextOffset ?? 0 } }

  /// One more flush is in: it must say about its offsets just what the recount says.
  private func check(_ interval: Tables.Interval, of log: Int, _ row: Tables.Partition, _ before: Tables.Standing) {
    let script = script.logs[log]
    let range = interval.range
    guard range.from == before.journalEnd ?? script.start, range.to == row.nextOffset else {
      return fail("the journal of log \(log) does not tile at \(range.from)")
    }
    if interval.epoch != row.epoch { return fail("a flush of epoch \(interval.epoch) is in epoch \(row.epoch)") }
    if row.highWaterMs != script.highWater(at: range.to) {
      return fail("the high water of log \(log) is \(row.highWaterMs), not \(script.highWater(at: range.to))")
    }
    var gained = VerdictCounts()
    for verdict in Verdict.allCases { gained[verdict] = row.ofLog[verdict] - before.ofLog[verdict] }
    let wanted = script.verdicts(range)
    guard gained == wanted else {
      let words = Verdict.allCases.filter { gained[$0] != wanted[$0] }
        .map { "\(gained[$0]) \($0.name), not \(wanted[$0])" }
      return fail("log \(log) [\(range.from), \(range.to)): \(words.joined(separator: "; "))")
    }
    checkQuarantine(log, row, before)
    checkConflicts(log, row, before)
  }

  private func checkQuarantine(_ log: Int, _ row: Tables.Partition, _ before: Tables.Standing) {
    let wanted = script.logs[log].quarantined
    for index in before.quarantined..<row.quarantined.count {
      let event = row.quarantined[index]
      let isSame =
        index < wanted.count && wanted[index].offset == event.offset && wanted[index].index == Int(event.place)
        && wanted[index].reason.rawValue == event.reason.rawValue
      guard !isSame else { continue }
      let words = index < wanted.count ? "\(wanted[index].reason.rawValue) at \(wanted[index].offset)" : "nothing"
      return fail("log \(log) has \(event.reason.rawValue) at \(event.offset), place \(event.place), not \(words)")
    }
  }

  private func checkConflicts(_ log: Int, _ row: Tables.Partition, _ before: Tables.Standing) {
    let wanted = script.logs[log].conflicts
    for index in before.conflicts..<row.conflicts.count {
      let conflict = row.conflicts[index]
      let isSame =
        index < wanted.count && wanted[index].offset == conflict.offset
        && wanted[index].firstOffset == conflict.firstOffset && wanted[index].tenant.bytes == conflict.tenant
        && wanted[index].source.bytes == conflict.source && wanted[index].id.bytes == conflict.id
      if !isSame { return fail("log \(log) has a conflict at \(conflict.offset) with \(conflict.firstOffset)") }
    }
  }

  /// An identity is seen when its effect is: nothing that the cursor has not passed is remembered.
  func check(_ pages: [IdentityPage], of log: Int) {
    let cursor = tables.partitions[log].nextOffset ?? 0
    for page in pages {
      for index in 0..<page.count where page[index].offset >= cursor {
        return fail("log \(log) remembers \(page[index].offset), which is not counted yet")
      }
    }
  }

  func compareInFull() {
    compareUsage(with: script.expected, "at the end")
    for (log, row) in tables.partitions.enumerated() {
      let wanted = script.logs[log]
      if row.quarantined.count != wanted.quarantined.count {
        fail("log \(log) has \(row.quarantined.count) quarantined, not \(wanted.quarantined.count)")
      }
      if row.conflicts.count != wanted.conflicts.count {
        fail("log \(log) has \(row.conflicts.count) conflicts, not \(wanted.conflicts.count)")
      }
      let all = wanted.verdicts(OffsetRange(from: wanted.start, to: wanted.end))
      if row.ofLog != all { fail("log \(log) has other verdicts than the recount at the end") }
      if let words = tables.flawOfReplays(log) { fail(words) }
      if row.journal.last?.range.to ?? wanted.start != wanted.end { fail("the journal of log \(log) does not end") }
    }
  }

  private func compareUsage(with sheet: UsageSheet, _ when: String) {
    let (rows, names) = tables.usage(
      against: sheet, script.catalog, windowNs: script.tallyRules.windows.length.nanoseconds,
      until: Int64(script.settings.now.nanoseconds))
    if rows == sheet.rows { return }
    let lines = sheet.differences(from: rows, named: names)
    fail("usage \(when) differs in \(lines.count) rows: \(lines.prefix(3).joined(separator: " | "))")
  }
}
