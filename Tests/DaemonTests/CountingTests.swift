import Foundation
import TestStack
import Testing

@Suite(.serialized) struct CountingTests {
  @Test func `a stream with duplicates, late and malformed events is counted as the oracle counts it`() throws {
    try Stack.with(topics: ["usage.events": 4]) { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon().waitUntilReady()
      let copy = try stack.load(
        20_000, ["--duplicates", "0.1", "--late", "0.1", "--malformed", "0.05", "--tenants", "50"])
      let expectation = Expectation(stack: stack, copy: copy)
      try expectation.waitUntilCounted(20_000)
      #expect(try expectation.differences() == [])
      #expect(try daemon.stop() == .exited(0))
    }
  }

  @Test func `events that wait in Kafka before the first start are counted from the beginning`() throws {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      let copy = try stack.load(3_000)
      try stack.startDaemon().waitUntilReady()
      let expectation = Expectation(stack: stack, copy: copy)
      try expectation.waitUntilCounted(3_000)
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `two daemons of one group share the partitions and count everything once`() throws {
    try Stack.with(topics: ["usage.events": 8]) { stack in
      try stack.apply(Expectation.catalog)
      let quick = [
        "kafka.properties.session.timeout.ms": "\"6000\"", "kafka.properties.heartbeat.interval.ms": "\"500\"",
      ]
      let first = try stack.startDaemon(quick).waitUntilReady()
      let load = try Load(stack, count: 40_000, rate: 4_000)
      _ = try stack.startDaemon(quick)
      try eventually("both daemons own partitions", is: "2") {
        (try? stack.database.scalar("select count(distinct owner) from meterd.progress")) ?? ""
      }
      #expect(try first.stop() == .exited(0))
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(40_000)
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `a meter that is added while the daemon runs counts within two seconds`() throws {
    try Stack.with { stack in
      try stack.apply("meters:\n  - { name: tokens, event: llm.tokens, aggregate: sum, value: tokens, scale: 0 }\n")
      let daemon = try stack.startDaemon().waitUntilReady()
      try stack.apply("meters:\n  - { name: api_calls, event: api.call, aggregate: count }\n")
      try daemon.process.waitForLine(matching: "catalog changed", within: .promised(.seconds(2)))
    }
  }

  @Test func `a stop in mid-flow commits what was read and a start goes on from there`() throws {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      // A long interval, so that in most runs only the final flush can have committed anything.
      let first = try stack.startDaemon(["flush.interval": "10s"]).waitUntilReady()
      let load = try Load(stack, rate: 3_000)
      try eventually("the flow has begun") { try first.counted() > 0 }
      let end = try first.stop()
      #expect(end == .exited(0), "\(end)\n\(first.process.dump())")
      let committed = Int(try stack.database.scalar("select sum(events) from meterd.accounting") ?? "0") ?? 0
      #expect(committed > 0)
      try stack.startDaemon(["kafka.group": "another"]).waitUntilReady()
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
    }
  }
}
