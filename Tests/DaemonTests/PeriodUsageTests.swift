import Foundation
import TestStack
import Testing

/// What was counted in a subscription's periods, as billing jobs read it, while catalogs are applied to running daemons.
@Suite(.serialized) struct PeriodUsageTests {
  private static let meters = Expectation.catalog

  /// An hour from now, in whole hours.
  private static func hour(_ hours: Int) -> String {
    let second = Int(Date().timeIntervalSince1970) / 3_600 * 3_600 + hours * 3_600
    return ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: TimeInterval(second)))
  }

  private static func plans(_ tenants: [String]) -> String {
    let subscriptions = tenants.map {
      "  - { id: sub_\($0), tenant: \($0), plan: small, starts_at: \(hour(-2)), changes: [{ at: \(hour(-1)), plan: large }], addons: [more] }"
    }
    return """
      plans:
        - name: small
          version: 1
          currency: EUR
          usage: [{ meter: api_calls, included: "10", limit: { mode: block } }]
        - name: large
          version: 1
          currency: EUR
          usage:
            - { meter: api_calls, included: "100", limit: { mode: block, at: "200" } }
            - { meter: tokens, included: "7", limit: { mode: overage } }
      addons: [{ name: more, version: 1, currency: EUR, meter: api_calls, included: "30" }]
      tenants:
      \(tenants.map { "  - { id: \($0) }" }.joined(separator: "\n"))
      subscriptions:
      \(subscriptions.joined(separator: "\n"))

      """
  }

  /// Rows of `period_usage` that are not what the windows of `usage` add up to.
  private static func differences(_ database: Database) throws -> [[String?]] {
    try database.query(
      """
      select p.tenant, p.meter, p.quantity, sum(u.quantity)
      from meterd.period_usage p
      left join meterd.usage u on u.tenant = p.tenant and u.meter = p.meter
        and u.window_start >= p.period_start and u.window_start < p.period_end
      group by p.tenant, p.meter, p.period_start, p.quantity
      having p.quantity is distinct from sum(u.quantity)
      """)
  }

  @Test func `a subscription sees what was counted before it, and every flush after it, over a kill`() throws {
    try Stack.with { stack in
      try stack.apply(Self.meters)
      var daemon = try stack.startDaemon(["flush.interval": "100ms"]).waitUntilReady()
      let load = try ChildProcess(
        stack.programs.lab,
        [
          "load", "--brokers", stack.brokers, "--topic", "usage.events", "--count", "20000", "--rate", "2000", "--seed",
          "1",
        ], named: "load")
      let total = "select coalesce(sum(counted), 0) from meterd.accounting"
      try eventually("a third is counted") { Int(try stack.database.scalar(total) ?? "") ?? 0 > 6_000 }
      let tenants = try stack.database.query("select distinct tenant from meterd.usage order by 1 limit 40").compactMap
      { $0[0] }
      #expect(tenants.count > 20)
      try stack.apply(Self.plans(tenants))
      #expect(try stack.database.scalar("select count(*) from meterd.period_usage") != "0")
      #expect(try Self.differences(stack.database) == [])
      try eventually("two thirds are counted") { Int(try stack.database.scalar(total) ?? "") ?? 0 > 13_000 }
      try daemon.kill9()
      daemon = try stack.startDaemon(["flush.interval": "100ms"]).waitUntilReady()
      #expect(try load.waitForExit() == .exited(0))
      try eventually("everything is counted") {
        try stack.database.scalar("select sum(events) from meterd.accounting") == "20000"
      }
      #expect(try Self.differences(stack.database) == [])
      let verified = try stack.meterd(["verify"])
      #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
      let rows = try stack.database.query(
        """
        select distinct plan, plan_version, included, limit_at, limit_mode, state,
          overage = greatest(quantity - included, 0), period_start = to_timestamp($1)
        from meterd.period_usage where meter = 'api_calls'
        """, ["\(Int(Date().timeIntervalSince1970) / 3_600 * 3_600 - 7_200)"])
      #expect(rows == [["large", "1", "130", "230", "block", "open", "t", "t"]])
      #expect(
        try stack.database.query(
          "select distinct included, limit_at, limit_mode, overage = greatest(quantity - 7, 0) from meterd.period_usage where meter = 'tokens'"
        ) == [["7", "7", "overage", "t"]])
      // A meter that no plan names is counted all the same.
      #expect(
        try stack.database.query(
          "select distinct included, limit_at, limit_mode, overage from meterd.period_usage where meter = 'storage_samples'"
        ) == [[nil, nil, nil, nil]])
    }
  }

  @Test func `a tenant sees its own periods, and can ask for no other`() throws {
    try Stack.with { stack in
      try stack.apply(Self.meters)
      try stack.startDaemon().waitUntilReady()
      _ = try stack.load(500)
      try eventually("everything is counted") {
        try stack.database.scalar("select sum(events) from meterd.accounting") == "500"
      }
      let tenants = try stack.database.query("select distinct tenant from meterd.usage order by 1 limit 3").compactMap {
        $0[0]
      }
      try stack.apply(Self.plans(tenants))
      let seen = try stack.database.query(
        """
        begin;
        set local role meterd_tenant;
        set local meterd.tenant = '\(tenants[1])';
        select distinct tenant from meterd.period_usage
        """)
      #expect(seen == [[tenants[1]]])
      try stack.database.execute("rollback")
      let none = try stack.database.query(
        "begin; set local role meterd_tenant; select count(*) from meterd.period_usage")
      #expect(none == [["0"]])
      try stack.database.execute("rollback")
      let functions = try stack.database.query(
        """
        select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'meterd' and has_function_privilege('meterd_tenant', p.oid, 'execute')
          and exists (select from unnest(p.proargnames) as a where a like '%tenant%')
        """)
      #expect(functions == [])
    }
  }

  @Test func `a daemon adds the periods that are due, and what has opened stays`() throws {
    try Stack.with { stack in
      try stack.apply(Self.meters)
      try stack.apply(
        """
        plans: [{ name: small, version: 1, currency: EUR, usage: [] }]
        tenants: [{ id: acme, time_zone: Europe/Berlin }]
        subscriptions: [{ id: s, tenant: acme, plan: small, starts_at: 2026-03-31T00:00:00+02:00 }]

        """)
      let all = "select number, starts_at, ends_at from meterd.period order by number"
      let before = try stack.database.query(all)
      #expect(before.count >= 2)
      // The ones ahead, and one of long ago.
      try stack.database.execute("delete from meterd.period where starts_at > now() or number = 0")
      // As if other rules for its clocks had come since.
      try stack.database.execute(
        "update meterd.period set ends_at = ends_at + interval '1 hour' where ends_at > now() and starts_at <= now()")
      let kept = [before[0]] + (try stack.database.query(all))
      try stack.startDaemon().waitUntilReady()
      try eventually("the periods ahead are there again") { try stack.database.query(all).count == before.count }
      let after = try stack.database.query(all)
      #expect(Array(after.prefix(kept.count)) == kept)
      #expect(after[kept.count][1] == kept.last?[2])
      #expect(after.last == before.last)
      #expect(try stack.meterd(["verify"]).status == 0)
    }
  }
}
