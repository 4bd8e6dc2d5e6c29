import TestStack

/// What a billing job keeps of `changes_since`: the last it saw of every row, read in pages.
struct ChangeReader {
  let database: Database
  let page: Int
  private(set) var cursor: Int64 = 0
  private(set) var rows: [[String?]: [String?]] = [:]
  /// The same of periods.
  private(set) var totals: [[String?]: [String?]] = [:]
  /// Those whose window has ended.
  private var ended: Set<[String?]> = []
  private(set) var seen = 0
  private(set) var pages = 0

  init(_ database: Database, page: Int = 100) {
    self.database = database
    self.page = page
  }

  /// One page; false when there was nothing.
  @discardableResult
  mutating func read() throws -> Bool {
    let found = try database.query(
      """
      select cursor, kind, row ->> 'tenant', row ->> 'meter', (row -> 'dimensions')::text,
        (row ->> 'window_start')::timestamptz::text, (row ->> 'window_end')::timestamptz::text, row ->> 'quantity',
        row ->> 'events', row ->> 'approximate', (row ->> 'window_end')::timestamptz <= now(),
        row ->> 'subscription', (row ->> 'period_start')::timestamptz::text, (row ->> 'period_end')::timestamptz::text,
        row ->> 'plan', row ->> 'plan_version', row ->> 'included', row ->> 'limit_at', row ->> 'limit_mode',
        row ->> 'overage', row ->> 'state'
      from meterd.changes_since($1, $2)
      """, ["\(cursor)", "\(page)"])
    var last = cursor
    for row in found {
      let position = Int64(row[0] ?? "") ?? -1
      if position <= last { throw StackFailure(at: "changes", "cursor \(position) after \(last)") }
      last = position
      if row[1] == "period_usage" {
        totals[[row[2], row[3], row[11], row[12]]] = [row[7]] + Array(row[13...20])
        continue
      }
      if row[1] != "usage" { throw StackFailure(at: "changes", "of the kind \(row[1] ?? "none")") }
      rows[Array(row[2...5])] = Array(row[6...9])
      if row[10] == "t" { ended.insert(Array(row[2...5])) }
    }
    if found.count > page { throw StackFailure(at: "changes", "\(found.count) rows, \(page) were wanted") }
    cursor = last
    seen += found.count
    pages += 1
    return !found.isEmpty
  }

  /// To the end of what is committed. Transactions of other tests, on the same server, may hold it back for a moment.
  mutating func readAll() throws {
    try eventually("everything committed can be read") {
      try database.scalar("select coalesce(max(position) < meterd.change_horizon(), true) from meterd.change") == "t"
    }
    while try read() {}
  }

  /// Rows that only one side has, or has otherwise. A level goes on while its window is open; it is told as of its last sample.
  func differences(from view: Database, endedOnly: Bool = false) throws -> [String] {
    let wanted = try view.query(
      """
      select tenant, meter, dimensions::text, window_start::text, window_end::text, quantity::text, events::text,
        approximate::text
      from meterd.usage \(endedOnly ? "where window_end <= now()" : "")
      """)
    var lines: [String] = []
    var left = endedOnly ? rows.filter { ended.contains($0.key) } : rows
    for row in wanted {
      let key = Array(row[0...3])
      // A boolean is told as 't' on its own and as 'true' within JSON.
      if left.removeValue(forKey: key) != Array(row[4...]) { lines.append("\(row) is told as \(rows[key] ?? [])") }
    }
    return lines + left.map { "\($0.key) is told and not there" }
  }

  /// The same of periods.
  func totalDifferences(from view: Database) throws -> [String] {
    var left = totals
    var lines: [String] = []
    for row in try view.query(
      """
      select tenant, meter, subscription, period_start::text, quantity::text, period_end::text, plan, plan_version::text,
        included::text, limit_at::text, limit_mode, overage::text, state
      from meterd.period_usage
      """)
    {
      let key = Array(row[0...3])
      if left.removeValue(forKey: key) != Array(row[4...]) { lines.append("\(row) is told as \(totals[key] ?? [])") }
    }
    return lines + left.map { "\($0.key) is told and not there" }
  }
}
