import Foundation
import MeterModel
import Synchronization
import TestStack
import Testing

@testable import PostgresEdge

@Suite struct ChangesTests {
  @Test func `a reader is told of a row once, and again when it has changed`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    var reader = ChangeReader(bench.database)
    try reader.readAll()
    #expect(reader.cursor == 0 && reader.rows.isEmpty)
    #expect(bench.commit(.sample(claim)) == .committed)
    try reader.readAll()
    #expect(reader.seen == 1)
    #expect(try reader.differences(from: bench.database) == [])
    try reader.readAll()
    #expect(reader.seen == 1)
    #expect(bench.commit(.sample(claim, from: 10, to: 20, number: 2)) == .committed)
    try reader.readAll()
    #expect(reader.seen == 2)
    #expect(try reader.differences(from: bench.database) == [])
  }

  /// The trap of a sequence: what took its number first commits last.
  @Test func `what commits late stands behind what a reader has seen, or is waited for`() throws {
    let bench = try LedgerBench()
    let claims = try (0..<2).map { try bench.claim(TopicPartition(topic: "t", partition: Int32($0))) }
    for claim in claims { _ = try bench.begin(claim) }
    let slow = try Database(bench.url)
    // The slow one has its transaction number, and so its position, before the quick one begins.
    try slow.execute(
      """
      begin; select meterd.note_changes(meterd.change_position(), array[md5('slow')::uuid], array[timestamptz 'epoch']);
      """)
    #expect(bench.commit(.sample(claims[1])) == .committed)
    var reader = ChangeReader(bench.database)
    #expect(try !reader.read())
    try slow.execute("commit")
    try reader.readAll()
    #expect(reader.seen == 1)
    #expect(try reader.differences(from: bench.database) == [])
    let positions = try bench.database.query("select position from meterd.change order by position")
    #expect(positions.count == 2)
  }

  @Test func `a reader inside one long snapshot loses nothing either`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    let snapshot = try Database(bench.url)
    try snapshot.execute("begin isolation level repeatable read; select 1 from meterd.partition")
    #expect(bench.commit(.sample(claim)) == .committed)
    var reader = ChangeReader(snapshot)
    #expect(try !reader.read())
    try snapshot.execute("commit")
    try reader.readAll()
    #expect(try reader.differences(from: bench.database) == [])
  }

  /// For every tenant that was counted for by now.
  private static let subscriptions = """
    insert into meterd.plan (name, version, content)
      select 'p', n, jsonb_build_object('usage', jsonb_agg(jsonb_build_object('meter', m.name, 'included', n, 'limit', jsonb_build_object('mode', 'block'))))
      from meterd.meter m, generate_series(1, 2) as n group by n;
    insert into meterd.tenant (id, name, status, time_zone) select distinct tenant, '', 'active', 'UTC' from meterd.series;
    insert into meterd.subscription (id, tenant, plan, cycle, starts_at, shadow)
      select 'of ' || t.id, t.id, p.id, 'monthly', 'epoch', false from meterd.tenant t join meterd.plan p on p.version = 1;
    insert into meterd.period (subscription, tenant, number, is_trial, starts_at, ends_at)
      select s.id, s.tenant, 0, false, 'epoch', '2200-01-01' from meterd.subscription s;
    select meterd.fill_totals();
    """
  private static let otherPlan = """
    update meterd.subscription s set plan = p.id from meterd.plan p where p.version = 2;
    select meterd.set_periods((select array_agg(s.id) from meterd.subscription s), (
      select jsonb_agg(jsonb_build_object(
        'subscription', p.subscription, 'number', 0, 'is_trial', false, 'is_cut', false, 'starts_at', 0, 'ends_at', extract(epoch from p.ends_at)::bigint))
      from meterd.period p));
    select meterd.fill_totals();
    """

  /// A minute of it: METERD_CHANGES_SECONDS=60.
  @Test func `read in pages of 100 under four writers the replay equals the tables`() throws {
    let seconds = Int(ProcessInfo.processInfo.environment["METERD_CHANGES_SECONDS"] ?? "") ?? 5
    let bench = try LedgerBench()
    let until = ContinuousClock.now + .seconds(seconds)
    let flushes = Atomic<Int>(0)
    let failures = Mutex<[String]>([])
    let group = DispatchGroup()
    for writer in 0..<4 as Range<Int32> {
      let ledger = Ledger(
        pool: Pool(target: bench.url, connections: 1, name: "writer"), owner: "writer", uniqueMax: 100,
        dedupeWindow: .hours(24))
      DispatchQueue(label: "writer \(writer)").async(group: group) {
        do {
          var walk = try Walk(ledger, partition: writer)
          while ContinuousClock.now < until {
            try walk.flush()
            flushes.add(1, ordering: .relaxed)
          }
        } catch { failures.withLock { $0.append("\(error)") } }
      }
    }
    var reader = ChangeReader(try Database(bench.url))
    var sweeps = 0
    var applied: [String] = []
    while ContinuousClock.now < until {
      try reader.read()
      if applied.count < 2, flushes.load(ordering: .relaxed) > 8 * (applied.count + 1) {
        applied.append(applied.isEmpty ? Self.subscriptions : Self.otherPlan)
        try bench.database.execute(applied[applied.count - 1])
      }
      if reader.pages.isMultiple(of: 20) {
        // What a daemon does once in a while, and a minute too early.
        try bench.database.execute(
          "update meterd.change set written_at = now() - interval '2 minutes' where written_at > now() - interval '1 minute'"
        )
        sweeps += Int(try bench.database.scalar("select meterd.sweep_changes(100)") ?? "") ?? 0
      }
    }
    group.wait()
    #expect(failures.withLock { $0 } == [])
    try reader.readAll()
    #expect(try reader.differences(from: bench.database) == [])
    #expect(try reader.totalDifferences(from: bench.database).prefix(5) == [])
    #expect(reader.totals.count > 10)
    // Whoever begins now comes to the same end.
    var late = ChangeReader(bench.database, page: 1_000)
    try late.readAll()
    #expect(try late.differences(from: bench.database) == [])
    #expect(try late.totalDifferences(from: bench.database) == [])
    var slow = ChangeReader(bench.database, page: 1)
    for _ in 0..<500 { try slow.read() }
    #expect(slow.seen == 500)
    #expect(flushes.load(ordering: .relaxed) > 20 && reader.pages > 10 && sweeps > 0)
    #expect(
      try Books.verify(bench.url).differences.filter { $0.subject == "changes" || $0.problem.contains("changes_since") }
        == [])
    print(
      "\(flushes.load(ordering: .relaxed)) flushes by 4 writers in \(seconds) s, \(reader.pages) pages, \(reader.seen) rows told, "
        + "\(reader.rows.count) rows; \(sweeps) chunks swept")
  }

  @Test func `what was superseded is swept out, and nothing else`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    for number in 0..<40 as Range<Int64> {
      // One row changes each time, another only here.
      var flush = Flush.sample(claim, from: number * 10, to: number * 10 + 10, number: number + 1)
      let once = Flush.sample(claim, tenant: "tenant \(number)")
      flush.series.append(once.series[0])
      flush.rollups.append(once.rollups[0])
      #expect(bench.commit(flush) == .committed)
    }
    func entries() throws -> String {
      try bench.database.scalar("select sum(cardinality(series)) from meterd.change") ?? ""
    }
    #expect(try bench.database.scalar("select meterd.sweep_changes(100)") == "0")
    #expect(try entries() == "80")
    try bench.database.execute("update meterd.change set written_at = now() - interval '2 minutes'")
    try eventually("all of them are old enough, and decided", is: "41") {
      _ = try bench.database.scalar("select meterd.sweep_changes(100)")
      return try entries()
    }
    #expect(try bench.database.scalar("select count(*) from meterd.change") == "1")
    #expect(try bench.database.scalar("select meterd.sweep_changes(100)") == "0")
    var reader = ChangeReader(bench.database, page: 7)
    try reader.readAll()
    #expect(reader.seen == 41)
    #expect(try reader.differences(from: bench.database) == [])
    // It goes on behind what was swept.
    #expect(bench.commit(.sample(claim, from: 400, to: 410, number: 41)) == .committed)
    try reader.readAll()
    #expect(reader.seen == 42)
    #expect(try reader.differences(from: bench.database) == [])
  }

  @Test func `restored elsewhere, where transactions are numbered anew, the order goes on`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    #expect(bench.commit(.sample(claim)) == .committed)
    var reader = ChangeReader(bench.database)
    try reader.readAll()
    // As if the numbers had been higher by a million where these positions come from.
    try bench.database.execute("update meterd.installation set change_base = change_base - 1000000")
    _ = try Schema.migrate(bench.url)
    #expect(bench.commit(.sample(claim, from: 10, to: 20, number: 2)) == .committed)
    try reader.readAll()
    #expect(reader.seen == 2)
    #expect(try reader.differences(from: bench.database) == [])
  }

  @Test func `an error undoes the position with the flush`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    try bench.database.execute("alter table meterd.journal add constraint closed check (from_offset <> 0)")
    guard case .retriable = bench.commit(.sample(claim)) else {
      Issue.record("a refused statement is certain not to have happened")
      return
    }
    #expect(try bench.database.scalar("select count(*) from meterd.change") == "0")
  }
}

/// Flushes of one partition, one after the other: some series again and again, some new ones, some shared with other partitions.
private struct Walk {
  private let ledger: Ledger
  private let claim: Ledger.Claim
  private var next: Int64 = 0
  private var number: Int64 = 0

  init(_ ledger: Ledger, partition: Int32) throws {
    self.ledger = ledger
    let log = TopicPartition(topic: "t", partition: partition)
    let claim = try Awaited.answer { then in ledger.claim(log, lane: 0) { then($0) } }.get()
    _ = try Awaited.answer { then in ledger.begin(claim, at: 0, lane: 0) { then($0) } }.get()
    self.claim = claim
  }

  mutating func flush() throws {
    number += 1
    var flush = Flush.sample(claim, from: next, to: next + 10, number: number)
    flush.rollups = []
    flush.series = SeriesDefinitions()
    var keys: Set<UInt64> = []
    for place in 0..<100 as Range<Int64> {
      // A third is shared by all, a third is the partition's own, a third comes once.
      let key: UInt64 =
        switch place % 3 {
        case 0: UInt64(place)
        case 1: UInt64(claim.partition.number) << 32 | UInt64(place)
        default: UInt64(claim.partition.number) << 48 | UInt64(number) << 16 | UInt64(place)
        }
      guard keys.insert(key).inserted else { continue }
    }
    for key in keys.sorted() {
      let series = SeriesKey(high: key &* 0x9E37_79B9_7F4A_7C15, low: key)
      flush.series.append(
        SeriesDefinition(
          key: series, tenant: Array("tenant \(key)".utf8), meter: MeterID(1), paths: ["region"],
          values: [Array("eu".utf8)]))
      flush.rollups.append(
        RollupDelta(
          series: series, windowStartSeconds: Int64(key % 5) * 3_600, quantity: Quantity(units: 1, scale: 0), events: 1)
      )
    }
    flush.rollups.sort { ($0.series, $0.windowStartSeconds) < ($1.series, $1.windowStartSeconds) }
    flush.identities = []
    next += 10
    let outcome = Awaited.answer { then in ledger.commit(flush, lane: 0) { then($0) } }
    guard outcome == .committed else { throw StackFailure(at: "writer", "\(outcome)") }
  }
}
