import Foundation
import TestStack
import Testing

@Suite(.serialized) struct LifeTests {
  @Test func `a service that goes away and comes back is told by readiness and costs nothing`() throws {
    let cluster = try PostgresCluster("life")
    try cluster.start()
    defer { try? cluster.remove() }
    try Stack.with(cluster: cluster) { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon().waitUntilReady()
      let load = try Load(stack, rate: 1_500)
      try eventually("the flow has begun") {
        ((try? stack.database.scalar("select sum(events) from meterd.accounting")) ?? "0") != "0"
      }
      try cluster.stop(.immediate)
      try daemon.waitForReadiness(503, within: .promised(.seconds(5)))
      #expect(try daemon.get("/healthz").status == 200)
      Thread.sleep(forTimeInterval: 2)
      try cluster.start()
      try daemon.waitForReadiness(200)
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `a broker that goes away makes the daemon unready within five seconds`() throws {
    try Stack.with { stack in
      let daemon = try stack.startDaemon().waitUntilReady()
      stack.broker.send(SIGSTOP)
      defer { stack.broker.send(SIGCONT) }
      try daemon.waitForReadiness(503, within: .promised(.seconds(5)))
      #expect(try daemon.get("/readyz").body.contains("kafka"))
      stack.broker.send(SIGCONT)
      try daemon.waitForReadiness(200)
    }
  }

  @Test func `metrics tell verdicts, flushes and lag, and no tenant`() throws {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon().waitUntilReady()
      _ = try stack.load(2_000, ["--malformed", "0.05", "--duplicates", "0.05"])
      try Expectation(stack: stack, copy: "").waitUntilCounted(2_000)
      let text = try daemon.get("/metrics").body
      for (verdict, count) in [("counted", ""), ("duplicate", ""), ("quarantined", "")] {
        let seen = try stack.database.scalar("select sum(\(verdict)) from meterd.accounting") ?? ""
        #expect(text.contains("meterd_events_total{verdict=\"\(verdict)\"} \(seen)\(count)\n"), "\(verdict)")
      }
      for name in [
        "meterd_flush_seconds_count", "meterd_lag_events{", "meterd_lag_seconds{", "meterd_identities ",
        "meterd_memory_bytes ",
      ] {
        #expect(text.contains(name), "\(name)")
      }
      #expect(!text.contains("tenant"))
    }
  }

  @Test func `SIGHUP takes over the log level and says what needs a restart`() throws {
    try Stack.with { stack in
      let daemon = try stack.startDaemon().waitUntilReady()
      let next = stack.settings(["log.level": "warn", "flush.interval": "2s", "lanes": "3"], listen: daemon.address)
      try next.yaml.write(toFile: daemon.configuration, atomically: true, encoding: .utf8)
      daemon.process.send(SIGHUP)
      let line = try daemon.process.waitForLine(matching: "a changed setting needs a restart")
      #expect(line.text.contains("lanes"))
      try "lanes: [".write(toFile: daemon.configuration, atomically: true, encoding: .utf8)
      daemon.process.send(SIGHUP)
      try daemon.process.waitForLine(matching: "the configuration was not re-read")
      #expect(try daemon.stop() == .exited(0))
    }
  }

  @Test func `a second SIGTERM ends at once and the next start goes on`() throws {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      let proxy = try ByteProxy(to: "127.0.0.1:\(PostgresCluster.shared.port)")
      defer { proxy.close() }
      let name = stack.databaseURL.split(separator: "/").last.map(String.init) ?? ""
      let daemon = try stack.startDaemon([
        "postgres.url": "postgresql://postgres@\(proxy.address)/\(name)?sslmode=disable&gssencmode=disable"
      ]).waitUntilReady()
      // Nothing reaches PostgreSQL from here on, so all that is counted waits for a flush that cannot come to an end.
      proxy.stall(.toServer)
      let copy = try stack.load(1_000)
      try eventually("all is counted", is: 1_000) { try daemon.counted() }
      #expect(try stack.database.scalar("select coalesce(sum(events), 0) from meterd.accounting") == "0")
      daemon.process.send(SIGTERM)
      try daemon.process.waitForLine(matching: "\"stopping\"")
      daemon.process.send(SIGTERM)
      #expect(try daemon.process.waitForExit() == .exited(0))
      // Had the first one ended it, by giving up on the flush, it would have said so last.
      #expect(!daemon.process.lines.contains { $0.text.contains("\"stopped\"") }, "\(daemon.process.dump())")
      proxy.close()
      try stack.startDaemon(["kafka.group": "next"]).waitUntilReady()
      let expectation = Expectation(stack: stack, copy: copy)
      try expectation.waitUntilCounted(1_000)
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `a cursor beyond the log halts that partition and no other`() throws {
    try Stack.with(topics: ["usage.events": 2]) { stack in
      try stack.apply(Expectation.catalog)
      let first = try stack.startDaemon().waitUntilReady()
      _ = try stack.load(500)
      try Expectation(stack: stack, copy: "").waitUntilCounted(500)
      try first.stop()
      try stack.database.execute("update meterd.partition set next_offset = 1000000 where number = 0")
      let daemon = try stack.startDaemon(["kafka.group": "halted"])
      let line = try daemon.process.waitForLine(matching: "partition halted")
      #expect(line.text.contains("the cursor is 1000000 but the log ends at"))
      try daemon.waitForReadiness(503)
      try eventually("the halt is recorded") {
        try stack.database.scalar("select halted from meterd.progress where partition = 0")?.contains("1000000") == true
      }
      let before = Int(try stack.database.scalar("select events from meterd.accounting where partition = 1") ?? "") ?? 0
      _ = try stack.load(500, seed: 2)
      try eventually("the other partition goes on") {
        Int((try? stack.database.scalar("select events from meterd.accounting where partition = 1")) ?? "0") ?? 0
          > before
      }
      #expect(try stack.database.scalar("select next_offset from meterd.progress where partition = 0") == "1000000")
    }
  }
}
