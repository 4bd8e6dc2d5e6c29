import Dispatch
import MeterModel
import PostgresEdge
import TestStack

/// What a flush of new rows costs the server, beside a binary COPY of the same rows into a table of the same shape.
///
/// A durable cluster of its own; flushes and copies take turns, so that a busy machine bothers both alike. The rows are read back and
/// compared: a fast flush that loses one is no flush.
struct FlushBench {
  struct Size {
    var rows = 50_000
    var flushes = 6
    var connections = 2
  }

  /// The rows of one window of as many tenants and meters as there are rows.
  enum Kind: String, CaseIterable {
    /// Every series was known in an earlier window.
    case known
    /// Every series is new, and defined by the flush.
    case new
    /// As known ones, and every row belongs to a tenant of its own that has a subscription: as many totals as rows.
    case subscribed

    /// What a flush writes, but for its journal.
    var tables: [String] {
      switch self {
      case .known: ["rollup"]
      case .new: ["rollup", "series"]
      case .subscribed: ["rollup", "total"]
      }
    }
  }

  private let size: Size
  private let cluster: PostgresCluster
  private let database: Database
  private let url: String

  init(_ size: Size) throws {
    self.size = size
    cluster = try PostgresCluster(
      "flush-bench", durable: true, settings: ["shared_buffers": "512MB", "max_wal_size": "8GB"])
    try cluster.start()
    url = try cluster.createDatabase("bench")
    _ = try Schema.migrate(url)
    database = try Database(url)
    try database.execute(
      "insert into meterd.meter (name, event, aggregate, scale, dimensions) values ('calls', 'api.call', 'count', 0, '{region}')"
    )
  }

  func run(_ print: (String) -> Void) throws {
    defer { try? cluster.stop() }
    print("rows in a flush \(size.rows), flushes \(size.flushes), fsync on")
    for kind in Kind.allCases { try alone(kind, print) }
    try together(print)
  }

  /// One connection: flush, then COPY of what it wrote, again and again.
  private func alone(_ kind: Kind, _ print: (String) -> Void) throws {
    let ledger = Ledger(
      pool: Pool(target: url, connections: 1, name: "bench"), owner: "bench", uniqueMax: 100, dedupeWindow: .hours(24))
    let partition = Int32(Kind.allCases.firstIndex(of: kind)! + 1)
    let claim = try self.claim(ledger, partition)
    if kind == .subscribed {
      try database.execute(
        """
        insert into meterd.period (subscription, tenant, number, is_trial, starts_at, ends_at, is_filled)
        select 's' || n, 'n0-' || n, 0, false, 'epoch', '2100-01-01', true from generate_series(0, \(size.rows - 1)) as n
        """)
      precondition(commit(ledger, flush(claim, 0, kind)) == .committed, "a flush is committed")
      for table in ["period", "series", "rollup"] {
        try database.execute("vacuum analyze meterd.\(table)", within: .seconds(600))
      }
    }
    var (flushing, copying): ([Double], [Double]) = ([], [])
    try database.query("create schema if not exists bench")
    for number in 1...size.flushes {
      let flush = flush(claim, number, kind)
      flushing.append(seconds { precondition(commit(ledger, flush) == .committed, "a flush is committed") })
      for table in kind.tables {
        let file = "\(cluster.folder)/data/\(table)"
        let rows =
          switch table {
          case "rollup":
            "select * from meterd.rollup where window_start = to_timestamp(\(number * 3_600)) and partition = \(claim.partition.number)"
          case "series": "select * from meterd.series where tenant like 'n\(number)-%'"
          default: "select period, meter, \(number) as partition, quantity, events from meterd.total"
          }
        try database.query("copy (\(rows) order by 1) to '\(file)' (format binary)", within: .seconds(600))
        try database.query(
          "create table if not exists bench.\(table)_\(kind) (like meterd.\(table) including all)")
        let time = try seconds {
          try database.query("copy bench.\(table)_\(kind) from '\(file)' (format binary)", within: .seconds(600))
        }
        if table == "rollup" { copying.append(time) } else { copying[copying.count - 1] += time }
      }
    }
    let stored = try database.scalar("select count(*) from meterd.rollup where partition = \(claim.partition.number)")
    let flushes = size.flushes + (kind == .subscribed ? 1 : 0)
    precondition(stored == "\(size.rows * flushes)", "every row was written once")
    if kind == .subscribed {
      let totals = try database.scalar("select count(*) filter (where quantity = \(7 * flushes)) from meterd.total")
      precondition(totals == "\(size.rows)", "every total is the sum of its rows")
    }
    let (flush, copy) = (median(flushing), median(copying))
    print(
      "\(kind.rawValue) series: flush \(figure(flush / Double(size.rows) * 1e6)) us a row, \(figure(Double(size.rows) / flush)) rows/s;"
        + " COPY \(figure(copy / Double(size.rows) * 1e6)) us a row; ratio \(figure(flush / copy))")
  }

  /// Several partitions at once, each with its connection.
  private func together(_ print: (String) -> Void) throws {
    let ledger = Ledger(
      pool: Pool(target: url, connections: size.connections, name: "bench"), owner: "bench", uniqueMax: 100,
      dedupeWindow: .hours(24))
    let claims = try (0..<size.connections).map { try claim(ledger, Int32(10 + $0)) }
    let all = (1...size.flushes).map { number in claims.map { flush($0, number, .known) } }
    let time = seconds {
      let group = DispatchGroup()
      for (lane, claim) in claims.enumerated() {
        _ = claim
        for flushes in all {
          group.enter()
          ledger.commit(flushes[lane], lane: lane) { outcome in
            precondition(outcome == .committed, "a flush is committed")
            group.leave()
          }
        }
      }
      group.wait()
    }
    let rows = size.rows * size.flushes * size.connections
    print("\(size.connections) partitions at once: \(figure(Double(rows) / time)) new rollup rows/s")
  }

  private func claim(_ ledger: Ledger, _ partition: Int32) throws -> Ledger.Claim {
    let claim = try Awaited.answer { then in
      ledger.claim(TopicPartition(topic: "t", partition: partition), lane: Int(partition)) { then($0) }
    }.get()
    _ = try Awaited.answer { then in ledger.begin(claim, at: 0, lane: Int(partition)) { then($0) } }.get()
    return claim
  }

  private func commit(_ ledger: Ledger, _ flush: Flush) -> Ledger.CommitOutcome {
    Awaited.answer { then in ledger.commit(flush, lane: 0) { then($0) } }
  }

  private func flush(_ claim: Ledger.Claim, _ number: Int, _ kind: Kind) -> Flush {
    var series = SeriesDefinitions()
    var rollups: [RollupDelta] = []
    for row in 0..<size.rows {
      let place = UInt64(kind == .new ? number * size.rows + row : row)
      var name = SeriesName(tenant: SeriesKey(high: place, low: UInt64(claim.partition.number)), meter: MeterID(1))
      let group = name.group
      name.add(SeriesKey(high: 1, low: 1))
      rollups.append(
        RollupDelta(
          series: name.key, group: group, windowStartSeconds: Int64(number) * 3_600, merge: .add,
          quantity: Quantity(units: 7, scale: 0), events: 7))
      if kind == .new || kind == .subscribed && number == 0 {
        series.append(
          SeriesDefinition(
            key: name.key, tenant: Array("n\(number)-\(row)".utf8), meter: MeterID(1), paths: ["region"],
            values: [Array("eu".utf8)]))
      }
    }
    rollups.sort { $0.series < $1.series }
    var verdicts = VerdictCounts()
    verdicts[.counted] = Int64(size.rows)
    let first = kind == .subscribed ? 0 : 1
    let from = Int64(number - first) * Int64(size.rows)
    return Flush(
      number: Int64(number - first + 1), partition: claim.partition, epoch: claim.epoch,
      range: OffsetRange(from: from, to: from + Int64(size.rows)), highWaterMs: 1, verdicts: verdicts, rollups: rollups,
      series: series, identities: [], forgetBeforeMs: 0, quarantined: [], conflicts: [])
  }

  private func seconds(_ work: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let time = try clock.measure(work)
    return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private func figure(_ value: Double) -> String {
    value >= 100 ? "\(Int(value.rounded()))" : "\((value * 100).rounded() / 100)"
  }
}
