import Dispatch
import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// Totals of periods against flushes that are on their way while periods are laid.
@Suite struct TotalsTests {
  private struct Bench {
    private let ledger: LedgerBench
    var url: String { ledger.url }
    var database: Database { ledger.database }

    init() throws {
      ledger = try LedgerBench()
      _ = try ledger.claim()
      try database.execute(
        """
        insert into meterd.plan (name, version, content) values ('p', 1, '{"usage": []}');
        insert into meterd.tenant (id, name, status, time_zone) values ('acme', '', 'active', 'UTC');
        insert into meterd.subscription (id, tenant, plan, cycle, starts_at, shadow) values ('s', 'acme', 1, 'monthly', 'epoch', false);
        insert into meterd.series (id, tenant, meter, dimensions) values (md5('a')::uuid, 'acme', 1, '{}');
        """)
    }

    /// What a flush does in its transaction, all but the commit.
    func flush(_ connection: Database, window: Int) throws {
      try connection.execute(
        """
        begin;
        update meterd.partition set newest_window = greatest(newest_window, to_timestamp(\(window * 3_600)));
        insert into meterd.rollup (series, window_start, partition, member_of, quantity, events, merge, level_at, level_offset, level_place, changed)
          values (md5('a')::uuid, to_timestamp(\(window * 3_600)), 1, 0, 7, 7, 0, 0, 0, 0, 0);
        select meterd.add_totals(1, array[md5('a')::uuid], array[to_timestamp(\(window * 3_600))], array[7]::numeric[], array[7]::bigint[], array[0]);
        """)
    }

    func total() throws -> String? { try database.scalar("select sum(quantity) from meterd.total") }

    func differences() throws -> [[String?]] { try database.query("select * from meterd.total_differences()") }
  }

  private static let lay = """
    begin;
    select meterd.set_periods('{s}', '[{"subscription": "s", "number": 0, "is_trial": false, "starts_at": 0, "ends_at": 360000, "is_cut": false}]');
    """
  private static let fill = "select meterd.fill_totals(); commit"

  @Test func `a flush on its way when periods are filled is among what they are filled from`() throws {
    let bench = try Bench()
    let (flushing, laying) = (try Database(bench.url), try Database(bench.url))
    try bench.flush(flushing, window: 1)
    try laying.execute(Self.lay)
    let filled = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      _ = try? laying.execute(Self.fill)
      filled.signal()
    }
    try bench.database.waitFor(
      "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and not granted and database = (select oid from pg_database where datname = current_database())",
      toBe: "1")
    #expect(try bench.database.scalar("select count(*) from meterd.period") == "0")
    try flushing.execute("commit")
    #expect(filled.wait(timeout: .now() + 30) == .success)
    #expect(try bench.total() == "7")
    #expect(try bench.differences() == [])
  }

  @Test func `a flush that begins while periods are filled waits, and finds them`() throws {
    let bench = try Bench()
    let (flushing, laying) = (try Database(bench.url), try Database(bench.url))
    try bench.flush(flushing, window: 1)
    try flushing.execute("commit")
    try laying.execute(Self.lay)
    // Filled, and not yet committed.
    try laying.execute("select meterd.fill_totals()")
    let flushed = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      try? bench.flush(flushing, window: 2)
      _ = try? flushing.execute("commit")
      flushed.signal()
    }
    try bench.database.waitFor(
      "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and not granted and database = (select oid from pg_database where datname = current_database())",
      toBe: "1")
    try laying.execute("commit")
    #expect(flushed.wait(timeout: .now() + 30) == .success)
    #expect(try bench.total() == "14")
    #expect(try bench.differences() == [])
  }

  @Test func `a period that moves takes only what lies in it, and one that is gone leaves nothing`() throws {
    let bench = try Bench()
    let flushing = try Database(bench.url)
    for window in [1, 2, 99, 100] {
      try bench.flush(flushing, window: window)
      try flushing.execute("commit")
    }
    try bench.database.execute(Self.lay)
    try bench.database.execute(Self.fill)
    #expect(try bench.total() == "21")
    try bench.database.execute(Self.lay.replacingOccurrences(of: "360000", with: "7200") + Self.fill)
    #expect(try bench.total() == "7")
    try bench.database.execute("update meterd.subscription set ends_at = to_timestamp(3600)")
    try bench.database.execute(Self.lay.replacingOccurrences(of: "360000", with: "3600") + Self.fill)
    #expect(try bench.total() == nil)
    try bench.database.execute("update meterd.subscription set starts_at = to_timestamp(36000), ends_at = null")
    try bench.database.execute("begin; select meterd.set_periods('{s}', '[]'); \(Self.fill)")
    #expect(try bench.database.scalar("select count(*) from meterd.period") == "0")
    #expect(try bench.differences() == [])
  }

  @Test func `a total that is not the sum of its windows is named, and so is a gap between periods`() throws {
    let bench = try Bench()
    let flushing = try Database(bench.url)
    try bench.flush(flushing, window: 1)
    try flushing.execute("commit")
    try bench.database.execute(Self.lay)
    try bench.database.execute(Self.fill)
    try bench.database.execute(
      """
      update meterd.total set quantity = 8;
      insert into meterd.period (subscription, tenant, number, is_trial, starts_at, ends_at, is_filled)
        values ('s', 'acme', 1, false, to_timestamp(363600), to_timestamp(400000), true)
      """)
    #expect(
      try Books.verify(bench.url).differences.map(\.problem).filter { $0.contains("total") || $0.contains("period") }
        == [
          "the total of partition 1 is 8 in 7 events, the rollups hold 7 in 7",
          "its period 1 begins at 1970-01-05 05:00:00+00, the one before ends at 1970-01-05 04:00:00+00",
        ])
  }

  @Test func `an extension that fails leaves the connection as it was, and what it names is gone on behind`() throws {
    let bench = try Bench()
    try bench.database.execute(
      "update meterd.subscription set starts_at = date_trunc('hour', now()) - interval '1 day'")
    let pool = Pool(target: bench.url, connections: 1, name: "test")
    let bounds = Periods.Bounds(window: .hours(1), past: .days(35))
    func extend(_ end: Int64, behind id: String = "") -> Result<Periods.Extension, PostgresError> {
      Awaited.answer { then in
        Periods.extend(behind: id, bounds, on: pool) { terms in
          var outlook = Periods.Outlook()
          outlook.rows = terms.map {
            Periods.Row(
              subscription: $0.subscription, number: 0, isTrial: false, start: $0.startsAt, end: $0.startsAt + end)
          }
          return outlook
        } then: {
          then($0)
        }
      }
    }
    // Ends before it begins.
    guard case .failure(.refused(let state, _)) = extend(-3_600) else {
      Issue.record("such a period is not taken")
      return
    }
    #expect(state == "23514")
    #expect(try extend(3_600).get() == Periods.Extension(subscriptions: 1, next: nil))
    // It ends soon, so it is asked for again; and not by who is behind it already.
    #expect(try extend(100 * 86_400, behind: "s").get() == Periods.Extension())
    #expect(try extend(100 * 86_400).get().subscriptions == 1)
    #expect(try extend(100 * 86_400).get() == Periods.Extension())
    #expect(try bench.database.scalar("select count(*) from meterd.period where is_filled") == "1")
  }
}
