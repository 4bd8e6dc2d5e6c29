import MeterModel

/// Everything that must add up, added up again, all of it as of one instant.
public struct Books: Sendable {
  public struct Difference: Sendable, Hashable {
    /// Where it is.
    public var subject: String
    public var problem: String
  }

  public struct Report: Sendable {
    public var differences: [Difference] = []
    public var partitions = 0
    public var events: Int64 = 0
    public var rollups: Int64 = 0
    public var identities = 0
  }

  /// It may take as long as it takes.
  private static let timeoutMs = 24 * 3_600 * 1_000
  /// A generation is a sixteenth of `dedupe.window`, which is 90 days at the most.
  private static let generationMsMax: Int64 = 90 * 86_400_000 / 16

  private struct Log {
    var name: String
    var number: Int32
    var cursor: Int64
    var era: Int64
    var highWaterMs: Int64
    var forgetBeforeMs: Int64
    /// Events that left an identity, and those that marked another's.
    var remembered: Int64
    var voided: Int64
  }

  public static func verify(_ target: String) throws(Complaint) -> Report {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      try connection.script("begin isolation level repeatable read read only; set local statement_timeout = 0")
      var report = Report()
      let rows = try connection.execute(
        """
        select subject, problem from (
          select * from meterd.differences() union all select * from meterd.total_differences()
          union all select * from meterd.limit_differences()) as d
        order by subject collate "C", problem collate "C"
        """,
        timeoutMs: timeoutMs)
      for row in 0..<rows.count {
        report.differences.append(Difference(subject: rows.text(row, 0) ?? "", problem: rows.text(row, 1) ?? ""))
      }
      for log in try logs(connection) { try verify(log, connection, &report) }
      let totals = try connection.execute(
        """
        select (select count(*) from meterd.partition), (select coalesce(sum(events), 0) from meterd.accounting),
          (select count(*) from meterd.rollup)
        """, timeoutMs: timeoutMs)
      report.partitions = Int(totals.integer(0, 0) ?? 0)
      report.events = totals.integer(0, 1) ?? 0
      report.rollups = totals.integer(0, 2) ?? 0
      try connection.script("rollback")
      return report
    } catch {
      throw Schema.complaint(error, at: "postgres: schema meterd")
    }
  }

  private static func logs(_ connection: borrowing Connection) throws(PostgresError) -> [Log] {
    let rows = try connection.execute(
      """
      select topic || '[' || number || ']', id, coalesce(next_offset, 0), era, high_water, forget_before,
        counted + late + voided, voided
      from meterd.partition order by topic, number
      """)
    return (0..<rows.count).map { row in
      func value(_ column: Int) -> Int64 { rows.integer(row, column) ?? 0 }
      return Log(
        name: rows.text(row, 0) ?? "", number: Int32(value(1)), cursor: value(2), era: value(3), highWaterMs: value(4),
        forgetBeforeMs: value(5), remembered: value(6), voided: value(7))
    }
  }

  /// Identities of a partition, all of them at once: that none of them is there twice is to be seen.
  private static func verify(
    _ log: Log, _ connection: borrowing Connection, _ report: inout Report
  ) throws(PostgresError) {
    var fingerprints: [UInt64] = []
    var marks: [UInt64] = []
    // What has passed is forgotten already, and only waits to be swept out.
    let generations = try connection.execute(
      "select distinct generation_end from meterd.identity_page where partition = $1 and generation_end >= $2 order by 1",
      [.int4(log.number), .int8(log.forgetBeforeMs)], timeoutMs: timeoutMs)
    for row in 0..<generations.count {
      guard let end = generations.integer(row, 0) else { continue }
      verify(generation: end, log, &report)
      let pages = try connection.execute(
        "select base_offset, base_window, entries from meterd.identity_page where partition = $1 and generation_end = $2",
        [.int4(log.number), .int8(end)], binary: true, timeoutMs: timeoutMs)
      for page in 0..<pages.count {
        guard let base = pages.binaryInteger(page, 0), let window = pages.binaryInteger(page, 1),
          let bytes = pages.bytes(page, 2), !bytes.isEmpty, bytes.count.isMultiple(of: IdentityPage.entryBytes)
        else {
          report.add(log.name, "a page of identities of generation \(end) is not whole")
          continue
        }
        let entries = IdentityPage(generationEndMs: end, baseOffset: base, baseWindow: Int32(window), bytes: bytes)
        verify(entries, log, &report, &fingerprints, &marks)
      }
    }
    verify(fingerprints, marks, log, &report)
  }

  private static func verify(generation end: Int64, _ log: Log, _ report: inout Report) {
    if end - generationMsMax > log.highWaterMs {
      report.add(
        log.name, "identities of a generation that ends at \(end) ms are kept, the high water is \(log.highWaterMs) ms")
    }
  }

  private static func verify(
    _ page: IdentityPage, _ log: Log, _ report: inout Report, _ fingerprints: inout [UInt64], _ marks: inout [UInt64]
  ) {
    for index in 0..<page.count {
      let entry = page[index]
      if entry.voided { marks.append(entry.fingerprint) } else { fingerprints.append(entry.fingerprint) }
      // Behind a step back of the cursor, what was counted before it is still remembered.
      if entry.offset < 0 || entry.offset >= log.cursor && log.era == 0 {
        report.add(log.name, "an identity of offset \(entry.offset) is remembered, the cursor is \(log.cursor)")
      }
    }
  }

  private static func verify(
    _ fingerprints: consuming [UInt64], _ marks: [UInt64], _ log: Log, _ report: inout Report
  ) {
    fingerprints.sort()
    var twice = 0
    for index in fingerprints.indices.dropFirst() where fingerprints[index] == fingerprints[index - 1] { twice += 1 }
    if twice > 0 { report.add(log.name, "\(twice) identities are remembered twice: their events were counted twice") }
    let stray = marks.count { !isThere($0, fingerprints) }
    if stray > 0 { report.add(log.name, "\(stray) voids are remembered of events that are not") }
    if fingerprints.count > log.remembered {
      report.add(
        log.name, "\(fingerprints.count) identities are remembered, only \(log.remembered) events left one")
    }
    if marks.count > log.voided {
      report.add(log.name, "\(marks.count) voids are remembered, only \(log.voided) events were voids")
    }
    report.identities += fingerprints.count
  }

  private static func isThere(_ fingerprint: UInt64, _ sorted: [UInt64]) -> Bool {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < fingerprint { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == fingerprint
  }
}

extension Books.Report {
  fileprivate mutating func add(_ subject: String, _ problem: String) {
    differences.append(Books.Difference(subject: subject, problem: problem))
  }
}
