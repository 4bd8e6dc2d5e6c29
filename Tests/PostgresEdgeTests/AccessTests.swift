import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// What each role may do, and what it is refused, statement by statement, as people who log in with it.
@Suite(.serialized) struct AccessTests {
  /// Two tenants' rows, and a login for each role.
  private struct Stand {
    let bench: LedgerBench
    let claim: Ledger.Claim
    let suffix = UUID().uuidString.prefix(8).lowercased()

    init() throws {
      bench = try LedgerBench()
      claim = try bench.claim()
      _ = try bench.begin(claim)
      var flush = Flush.sample(claim, tenant: "acme")
      let other = Flush.sample(claim, tenant: "rival")
      flush.series.append(other.series[0])
      flush.rollups.append(other.rollups[0])
      flush.verdicts[.conflict] = 2
      flush.conflicts = ["acme", "rival"].map {
        Conflict(tenant: Array($0.utf8), source: [0x2F], id: Array("\($0)-1".utf8), firstOffset: 1, offset: 2)
      }
      #expect(bench.commit(flush) == .committed)
      try bench.database.execute(
        """
        insert into meterd.plan (name, version, content) values ('p', 1, '{"usage": []}');
        insert into meterd.tenant (id, name, status, time_zone) values ('acme', '', 'active', 'UTC'), ('rival', '', 'active', 'UTC');
        insert into meterd.subscription (id, tenant, plan, cycle, starts_at, shadow)
          select 'of ' || t.id, t.id, p.id, 'monthly', 'epoch', false from meterd.tenant t, meterd.plan p;
        insert into meterd.period (subscription, tenant, number, is_trial, starts_at, ends_at)
          select s.id, s.tenant, 0, false, 'epoch', '2200-01-01' from meterd.subscription s;
        select meterd.fill_totals();
        """)
    }

    /// A login that has the role's rights and no others.
    func login(_ role: String) throws -> Database { try Database(try url(of: role)) }

    func url(of role: String) throws -> String {
      let name = "\(role)_\(suffix)"
      if try bench.database.scalar("select to_regrole($1) is null", [name]) == "t" {
        try bench.database.execute("create role \(name) login in role \(role)")
      }
      return bench.url.replacingOccurrences(of: "postgres@", with: "\(name)@")
    }
  }

  private static let tables = [
    "partition", "installation", "meter", "series", "rollup", "level_sample", "distinct_value", "identity_page",
    "quarantined",
    "conflicting", "journal", "migration", "permission", "audit_entry", "audit_head", "change", "change_sweep",
    "level_due",
    "replay_request", "replay", "catalog_version", "plan", "addon", "tenant", "subscription", "subscription_change",
    "subscription_addon", "period", "total",
  ]

  private static let views = ["usage", "period_usage", "conflicts", "quarantine", "progress", "accounting", "audit"]

  @Test func `a reader reads the views and the changes, and nothing else`() throws {
    let stand = try Stand()
    let reader = try stand.login("meterd_reader")
    for view in Self.views { _ = try reader.query("select * from meterd.\(view)") }
    for view in ["usage", "period_usage", "conflicts"] {
      #expect(try reader.scalar("select count(*) from meterd.\(view)") == "2")
    }
    // Laying periods told the windows again.
    #expect(
      try reader.query("select kind, count(distinct row) from meterd.changes_since(0, 10) group by 1 order by 1") == [
        ["period_usage", "2"], ["usage", "2"],
      ])
    var refused = Self.tables.map { "select * from meterd.\($0)" }
    refused += ["progress", "accounting", "audit"].map { "delete from meterd.\($0)" }
    refused += [
      "insert into meterd.meter (name, event, aggregate, scale, dimensions) values ('x', 'x', 'count', 0, '{}')",
      "select * from meterd.series_usage", "select * from meterd.summed_usage", "select * from meterd.all_conflicts",
      "select * from meterd.tenant_usage", "select * from meterd.tenant_conflicts",
      "select * from meterd.all_period_usage", "select * from meterd.tenant_period_usage",
      "select * from meterd.plan_entry", "select * from meterd.apply_catalog('{}')", "select meterd.fill_totals()",
      "select meterd.set_periods('{}', '[]')", "select * from meterd.total_differences()",
      "select meterd.note_catalog('a', 'b', '{}')",
      "select * from meterd.period_terms(null, null, '', '1 day', 3600, 1)",
      "select meterd.touch(1, 1)", "select meterd.sweep_changes(1)", "select meterd.continue_changes()",
      "select meterd.change_position()", "select meterd.audit_append('a', 'b', 'c', '{}')",
      "select meterd.lift_halt('t', 0, 0, null, 'me')",
      "select * from meterd.order_quarantined('discard', '{1}', 'me')",
      "select * from meterd.stored_sums(1, '{}', '{}', '{}')", "select * from meterd.differences()",
      "select * from meterd.replays_due(1, 1, 1)", "select meterd.grant_access()",
      "select * from meterd.end_blockers('t', 0, 1)",
      "create table meterd.mine (x integer)", "drop view meterd.usage",
      "alter table meterd.rollup add column x integer",
      "create or replace view meterd.usage as select 1", "update meterd.progress set halted = null",
      "copy meterd.rollup to stdout",
    ]
    try expectRefused(refused, reader)
  }

  @Test func `a tenant sees its own rows, nobody's when unset, and no way around`() throws {
    let stand = try Stand()
    let tenant = try stand.login("meterd_tenant")
    let views = ["usage", "period_usage", "conflicts"]
    for view in views { #expect(try tenant.scalar("select count(*) from meterd.\(view)") == "0") }
    for named in ["acme", "rival"] {
      try tenant.execute("set meterd.tenant = '\(named)'")
      for view in views { #expect(try tenant.query("select distinct tenant from meterd.\(view)") == [[named]]) }
    }
    for nobody in [
      "set meterd.tenant = ''", "set meterd.tenant = 'acm'", "set meterd.tenant = '%'", "reset meterd.tenant",
    ] {
      try tenant.execute(nobody)
      for view in views { #expect(try tenant.scalar("select count(*) from meterd.\(view)") == "0", "\(nobody)") }
    }
    try tenant.execute("begin; set local meterd.tenant = 'acme'")
    #expect(try tenant.scalar("select count(*) from meterd.usage") == "1")
    try tenant.execute("rollback")
    #expect(try tenant.scalar("select count(*) from meterd.usage") == "0")

    try tenant.execute("set meterd.tenant = 'acme'")
    // A cheap function of its own, which the planner would like to call first.
    try tenant.execute(
      """
      create function pg_temp.peek(t text) returns boolean language plpgsql cost 0.0000001 as $$
        begin if t <> 'acme' then raise exception 'saw %', t; end if; return true; end $$
      """)
    for view in views {
      #expect(try tenant.scalar("select count(*) from meterd.\(view) where pg_temp.peek(tenant)") == "1")
    }
    #expect(try tenant.scalar("select count(*) from meterd.usage where tenant = 'rival'") == "0")
    #expect(try tenant.scalar("select count(*) from meterd.usage where 1 / (tenant <> 'rival')::integer = 1") == "1")
    // A series can be named only by who can read it.
    #expect(try tenant.query("select * from meterd.level_usage(md5('x')::uuid, null, 3, 3600000000000)").isEmpty)
    #expect(try tenant.query("select meterd.distinct_values(md5('x')::uuid, now())").allSatisfy { $0 == [nil] })
    var refused = Self.tables.map { "select * from meterd.\($0)" }
    refused += Self.views.filter { !views.contains($0) }.map { "select * from meterd.\($0)" }
    refused += [
      "select * from meterd.changes_since(0, 10)", "select * from meterd.series_usage",
      "select * from meterd.summed_usage",
      "select * from meterd.all_conflicts", "select * from meterd.all_period_usage",
      "select * from meterd.tenant_period_usage", "select meterd.touch(1, 1)",
      "select meterd.audit_append('a', 'b', 'c', '{}')", "set role meterd_reader", "set session authorization postgres",
      "create function meterd.mine() returns integer language sql as 'select 1'",
      "create or replace function meterd.reads_all() returns boolean language sql as 'select true'",
      "select * from meterd.order_quarantined('discard', '{1}', 'me')",
      "select * from meterd.end_blockers('t', 0, 1)",
    ]
    try expectRefused(refused, tenant)
  }

  @Test func `the daemon's role does all that a daemon does, and cannot undo what was counted`() throws {
    let stand = try Stand()
    try stand.bench.addMeters()
    let url = try stand.url(of: "meterd_writer")
    let writer = try Database(url)
    _ = try Schema.migrate(url)
    try Schema.check(url)
    let catalog = Catalog(target: url)
    _ = try catalog.installation(window: .seconds(3_600))
    #expect(
      try catalog.apply(
        CatalogContents(meters: [MeterDefinition(name: "peak", event: "s", aggregate: .max, value: "v", dimensions: [])]
        ),
        actor: "me", source: "c.yaml", dryRun: false, bounds: Periods.Bounds(window: .hours(1), past: .days(35))
      ) { _ in Periods.Outlook() }
      .map(\.outcome) == [.added])
    let ledger = Ledger(
      pool: Pool(target: url, connections: 1, name: "writer"), owner: "writer", uniqueMax: 1,
      dedupeWindow: .hours(24))
    let log = TopicPartition(topic: "other", partition: 0)
    let claim = try Awaited.answer { then in ledger.claim(log, lane: 0) { then($0) } }.get()
    #expect(try Awaited.answer { then in ledger.begin(claim, at: 0, lane: 0) { then($0) } }.get())
    let flush = Flush.everything(claim)
    #expect(Awaited.answer { then in ledger.commit(flush, lane: 0) { then($0) } } == .committed)
    #expect(Awaited.answer { then in ledger.resolve(flush, lane: 0) { then($0) } } == .committed)
    #expect(
      try Awaited.answer { then in ledger.identities(of: claim.partition, since: 0, lane: 0) { then($0) } }.get().count
        == 1)
    let windows = WindowGrid(length: .seconds(3_600))
    let keys = [ColdKey(group: 1, window: 1)]
    _ = try Awaited.answer { then in ledger.storedSums(of: claim.partition, keys, windows, lane: 0) { then($0) } }.get()
    let id = try #require(try writer.scalar("select id from meterd.quarantine").flatMap { Int64($0) })
    #expect(try QuarantineOrder(.replay, [id], actor: "me").carryOut(url).map(\.outcome) == [.done])
    let held = try Awaited.answer { then in ledger.heldEvents(of: claim.partition, lane: 0) { then($0) } }.get()
    #expect(held.events.map(\.id) == [id])
    #expect(
      Awaited.answer { then in ledger.commit(.replay(of: id, behind: flush), lane: 0) { then($0) } } == .committed)
    #expect(try Awaited.answer { then in ledger.halt(claim, reason: "r", lane: 0) { then($0) } }.get())
    #expect(
      try writer.scalar(
        "select meterd.lift_halt('other', 0, next_offset, null, 'me') from meterd.progress where topic = 'other'")
        == "lifted")
    #expect(try writer.scalar("select meterd.touch(\(claim.partition.number), \(claim.epoch.number))") == "t")
    _ = try writer.scalar("select meterd.sweep_changes(10)")
    _ = try writer.scalar("select meterd.sweep_identities()")
    _ = try writer.query("select * from meterd.end_blockers('other', 0, pg_backend_pid())")
    _ = try writer.query("select * from meterd.recent_sums(\(claim.partition.number), 10)")
    #expect(try writer.scalar("select count(*) from meterd.usage") != "0")
    _ = try UsageQuery(isTotal: true).run(url)
    _ = try Quarantine().list(url)
    _ = try Books.verify(url)
    try expectRefused(
      [
        "delete from meterd.rollup", "truncate meterd.rollup", "delete from meterd.journal",
        "update meterd.journal set events = 0",
        "delete from meterd.partition", "delete from meterd.series", "update meterd.series set tenant = 'x'",
        "update meterd.meter set scale = 1", "delete from meterd.meter", "delete from meterd.quarantined",
        "update meterd.quarantined set \"offset\" = 0", "delete from meterd.conflicting",
        "delete from meterd.level_sample",
        "update meterd.installation set seed = 0", "delete from meterd.installation",
        "insert into meterd.audit_entry select * from meterd.audit_entry",
        "update meterd.audit_entry set actor = 'x'", "delete from meterd.audit_entry",
        "update meterd.audit_head set seq = 0",
        "select meterd.audit_append('a', 'b', 'c', '{}')", "select * from meterd.permission",
        "select meterd.grant_access()",
        "insert into meterd.replay_request (event, partition) values (1, 1)", "delete from meterd.replay",
        "update meterd.replay set events = 0",
        "create table meterd.mine (x integer)", "drop table meterd.rollup",
        "alter table meterd.rollup disable trigger all",
      ], writer)
  }

  @Test func `nobody else has any right, also where everybody has one by default`() throws {
    let stand = try Stand()
    let name = "stranger_\(stand.suffix)"
    try stand.bench.database.execute("create role \(name) login")
    let stranger = try Database(stand.bench.url.replacingOccurrences(of: "postgres@", with: "\(name)@"))
    try expectRefused(
      Self.tables.map { "select * from meterd.\($0)" } + Self.views.map { "select * from meterd.\($0)" }
        + ["select * from meterd.changes_since(0, 1)", "select meterd.reads_all()"], stranger)
    // The rule holds for what later versions add: no function of the schema is everybody's.
    let open = try stand.bench.database.query(
      """
      select p.proname from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.pronamespace = 'meterd'::regnamespace and a.grantee = 0
      """)
    #expect(open == [])
  }

  @Test func `a role that may not make roles migrates, and is told what to run`() throws {
    // Roles belong to the cluster: one of its own, in which nobody has made them.
    let cluster = try PostgresCluster("roles")
    try cluster.start()
    defer { try? cluster.remove() }
    let admin = try Database(cluster.url())
    // Apart: of two statements in one message PostgreSQL makes a transaction, in which no database is made.
    try admin.execute("create role plain login")
    try admin.execute("create database books owner plain")
    let url = cluster.url("books").replacingOccurrences(of: "postgres@", with: "plain@")
    let outcome = try Schema.migrate(url)
    #expect(outcome.to == Schema.version)
    #expect(outcome.missingRoles == ["meterd_reader", "meterd_tenant", "meterd_writer"])
    let advice = try #require(outcome.advice?.description)
    #expect(!advice.contains("\n"))
    // It can do its work, and is told again until it is done.
    let owner = try Database(url)
    #expect(try owner.scalar("select count(*) from meterd.usage") == "0")
    #expect(try Schema.migrate(url).missingRoles.count == 3)
    let orders = try #require(advice.split(separator: "\"").dropFirst().first)
    try admin.execute(String(orders))
    #expect(try Schema.migrate(url).missingRoles == [])
    #expect(try Schema.migrate(url).advice == nil)
    try admin.execute("create role portal login in role meterd_reader")
    let portal = try Database(cluster.url("books").replacingOccurrences(of: "postgres@", with: "portal@"))
    #expect(try portal.scalar("select count(*) from meterd.usage") == "0")
    portal.close()
    owner.close()
    admin.close()
  }

  private func expectRefused(_ statements: [String], _ database: Database) throws {
    for statement in statements {
      do throws(StackFailure) {
        _ = try database.query(statement)
        Issue.record("'\(statement)' was not refused")
      } catch {
        // Permission denied, or an object that is not one's own; never a mistake of ours in the statement.
        #expect(error.sqlState == "42501", "\(statement): \(error)")
      }
    }
  }
}
