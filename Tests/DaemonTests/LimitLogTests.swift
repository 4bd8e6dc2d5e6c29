import Foundation
import TestDice
import TestStack
import TestTopics
import Testing

/// The limit log, the limit topic and `meterd tail`: what is told, for people and programs.
@Suite(.serialized) struct LimitLogTests {
  private static func tenants(_ count: Int) -> [String] { (0..<count).map { "t\($0)" } }

  /// Tenants of one plan: warnings at 5 and 8, a limit at 10.
  private static func catalog(_ tenants: [String]) -> String {
    """
    plans:
      - { name: ten, version: 1, currency: EUR, usage: [{ meter: points, included: "10", limit: { mode: block }, warn_at: [50, 80] }] }
    tenants:
    \(tenants.map { "  - { id: \($0) }" }.joined(separator: "\n"))
    subscriptions:
    \(tenants.map { "  - { id: s_\($0), tenant: \($0), plan: ten, starts_at: \(LimitScene.hour(-2)) }" }.joined(separator: "\n"))

    """
  }

  private static func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  private static func ids(_ objects: [[String: Any]]) -> Set<String> { Set(objects.compactMap { $0["id"] as? String }) }

  @Test func `an object is the same in the table, the log, the topic and on the command line`() throws {
    try Stack.with(topics: ["usage.events": 4, "limits": 2]) { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(Self.catalog(["acme", "beta"]))
      let log = stack.folder.path(of: "limits.log")
      try stack.startDaemon([
        "kafka.topics": "[usage.events]", "kafka.limit_topic": "limits", "limit_log.path": log,
      ]).waitUntilReady()
      let tail = try ChildProcess(
        try stack.programs.meterd,
        ["tail", "--since", "1h", "--json", "--tenant", "acme", "--count", "4", "--config", try stack.configure()],
        named: "tail")
      try scene.send([LimitScene.points("beta", "5.5"), LimitScene.points("acme", "9"), LimitScene.points("acme", "2")])
      #expect(try tail.waitForExit(within: .seconds(20)) == .exited(0))
      let rows = try stack.database.query(
        """
        select jsonb_build_object('seq', seq, 'id', id, 'at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'tenant', tenant, 'meter', meter, 'kind', kind, 'threshold', threshold, 'used', used::text, 'limit', "limit"::text,
          'mode', mode, 'plan', plan, 'plan_version', plan_version, 'subscription', subscription,
          'period_start', to_char(period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          'period_end', to_char(period_end at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'event_id', event_id, 'topic', topic,
          'partition', partition, 'offset', "offset", 'shadow', shadow)::text
        from meterd.limit_events order by seq
        """
      ).compactMap { $0[0] }
      #expect(rows.count == 5)
      func normal(_ text: String) throws -> [String] {
        try text.split(separator: "\n").map { line in
          let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
          return String(
            decoding: try JSONSerialization.data(withJSONObject: object, options: .sortedKeys), as: UTF8.self)
        }
      }
      let wanted = try normal(rows.joined(separator: "\n"))
      try eventually("the log has all") { try stack.folder.read("limits.log").split(separator: "\n").count == 5 }
      let lines = try stack.folder.read("limits.log")
      #expect(try normal(lines) == wanted)
      #expect(lines.hasPrefix(#"{"seq":1,"id":""#))
      #expect(try normal(tail.output) == wanted.filter { $0.contains(#""tenant":"acme""#) })
      try eventually("the topic has all") {
        try ReadBack.topic("limits", partitions: 2, at: stack.brokers).count == 5
      }
      let records = try ReadBack.topic("limits", partitions: 2, at: stack.brokers).values
      #expect(
        Set(try normal(records.map { String(decoding: $0.value ?? [], as: UTF8.self) }.joined(separator: "\n")))
          == Set(wanted))
      for record in records {
        let key = String(decoding: record.key ?? [], as: UTF8.self)
        #expect(String(decoding: record.value ?? [], as: UTF8.self).contains(#""tenant":"\#(key)""#))
      }
    }
  }

  @Test func `the log is rotated between lines, and opened anew on SIGHUP`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      let tenants = Self.tenants(1_800)
      try stack.apply(Self.catalog(tenants))
      let log = stack.folder.path(of: "limits.log")
      let daemon = try stack.startDaemon(["limit_log.path": log, "limit_log.max_size": "1MiB", "limit_log.keep": "2"])
        .waitUntilReady()
      try scene.send(tenants.map { LimitScene.points($0, "10") })
      func count(_ names: [String]) throws -> Int {
        try names.reduce(0) { sum, name in
          guard let text = try? stack.folder.read(name) else { return sum }
          // Whole lines, in order, each an object.
          #expect(text.hasSuffix("}\n"))
          let seqs = try Self.objects(text).compactMap { $0["seq"] as? Int }
          #expect(seqs == seqs.sorted())
          return sum + seqs.count
        }
      }
      try eventually("all are told") { (try? stack.folder.read("limits.log"))?.contains(#""seq":5400,"#) == true }
      // Some 420 bytes each: three files and the last, of which two are kept.
      #expect(FileManager.default.fileExists(atPath: log + ".2"))
      #expect(!FileManager.default.fileExists(atPath: log + ".3"))
      #expect(try FileManager.default.attributesOfItem(atPath: log + ".1")[.size] as? Int ?? .max <= 1 << 20)
      #expect(try count(["limits.log", "limits.log.1", "limits.log.2"]) > 2_400)
      try FileManager.default.moveItem(atPath: log, toPath: log + ".moved")
      daemon.reload()
      try scene.send([LimitScene.points("t0", "1")])
      try eventually("it goes on in a new file") { try stack.folder.read("limits.log").contains("exceeded") }
      #expect(try stack.folder.read("limits.log").split(separator: "\n").count == 1)
    }
  }

  @Test func `a log that cannot be written holds nothing up, and has everything later`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(Self.catalog(["acme"]))
      let log = stack.folder.path(of: "limits.log")
      try FileManager.default.createSymbolicLink(atPath: log, withDestinationPath: "/dev/full")
      let daemon = try stack.startDaemon(["limit_log.path": log]).waitUntilReady()
      try scene.send([LimitScene.points("acme", "5"), LimitScene.points("acme", "5")])
      try eventually("the failure is told") { daemon.process.errors.contains("the limit log cannot be written") }
      #expect(try scene.told("acme", "kind").count == 3)
      let metrics = try daemon.get("/metrics").body
      #expect(
        metrics.contains("meterd_limit_log_failures_total") && !metrics.contains("meterd_limit_log_failures_total 0\n"))
      #expect(metrics.contains(#"meterd_limit_events_total{kind="warning"} 2"#), "\(metrics)")
      try FileManager.default.removeItem(atPath: log)
      try eventually("it is written") {
        (try? stack.folder.read("limits.log"))?.split(separator: "\n").count == 3
      }
    }
  }

  @Test(.timeLimit(.minutes(8))) func `over kills each event is in the table once, and in log and topic at least once`()
    throws
  {
    try Stack.with(topics: ["usage.events": 4, "limits": 1]) { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      let tenants = Self.tenants(60)
      try stack.apply(Self.catalog(tenants))
      var dice = Dice(11)
      var totals: [String: Int] = [:]
      var daemons: [Daemon] = []
      func settings(_ number: Int) -> [String: String] {
        [
          "kafka.topics": "[usage.events]", "kafka.limit_topic": "limits",
          "limit_log.path": stack.folder.path(of: "limits-\(number).log"),
          "kafka.properties.session.timeout.ms": "6000",
        ]
      }
      for number in 0..<2 { daemons.append(try stack.startDaemon(settings(number))) }
      for daemon in daemons { try daemon.waitUntilReady() }
      for round in 0..<8 {
        let events = (0..<150).map { _ -> LimitScene.Event in
          let tenant = dice.pick(tenants)
          totals[tenant, default: 0] += 1
          return LimitScene.points(tenant, "1")
        }
        try scene.send(events, isWaitedFor: false)
        let victim = round % 2
        // Before, in the midst of and behind its flushes.
        Thread.sleep(forTimeInterval: Double(dice.below(300)) / 1_000)
        try daemons[victim].kill9()
        daemons[victim] = try stack.startDaemon(settings(victim))
        try daemons[victim].waitUntilReady()
      }
      try eventually("all events have a verdict", is: "1200") {
        (try? stack.database.scalar("select coalesce(sum(events), 0) from meterd.accounting")) ?? "none"
      }
      for tenant in tenants {
        let total = totals[tenant] ?? 0
        let wanted = [("warning 50 5", 5), ("warning 80 8", 8), ("limit 100 10", 10), ("exceeded 100 11", 11)]
          .filter { total >= $0.1 }.map(\.0)
        #expect(try scene.told(tenant, "kind, threshold, used") == wanted, "\(tenant) \(total)")
      }
      let table = Set(try stack.database.query("select id from meterd.limit_events").compactMap { $0[0] })
      #expect(table.count > 150)
      func logged() throws -> Set<String> {
        try (0..<2).reduce(into: []) { ids, number in
          ids.formUnion(Self.ids(try Self.objects((try? stack.folder.read("limits-\(number).log")) ?? "")))
        }
      }
      try eventually("the logs have all") { try logged() == table }
      func published() throws -> Set<String> {
        let records = try ReadBack.topic("limits", partitions: 1, at: stack.brokers).values
        return Self.ids(
          try Self.objects(records.map { String(decoding: $0.value ?? [], as: UTF8.self) }.joined(separator: "\n")))
      }
      try eventually("the topic has all") { try published() == table }
      #expect(
        try stack.database.scalar(
          "select count(*) = count(distinct (subscription, kind, threshold)) from meterd.limit_events") == "t")
      #expect(try stack.meterd(["verify"]).status == 0)
    }
  }
}
