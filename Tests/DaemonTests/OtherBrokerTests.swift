import Foundation
import TestStack
import Testing

/// A second opinion; see `OtherBroker` for how to ask for it.
@Suite(
  .serialized,
  .enabled("METERD_TANSU does not name a broker, or no newer librdkafka is there") { OtherBroker.program != nil })
struct OtherBrokerTests {
  @Test func `a static member that restarts within its session moves no partition`() throws {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      let broker = try OtherBroker(stack)
      defer { broker.stop() }
      try broker.topic("create", ["--partitions", "4"])
      func start(_ name: String) throws -> Daemon {
        try broker.startDaemon([
          "kafka.instance_id": name, "kafka.properties.session.timeout.ms": "\"60000\"",
          "kafka.properties.heartbeat.interval.ms": "\"1000\"",
        ])
      }
      func shares() throws -> [String: String] {
        var shares: [String: String] = [:]
        for row in try stack.database.query(
          "select split_part(owner, '/', 2), string_agg(partition || ' ' || (epoch), ',' order by partition) from meterd.progress group by 1"
        ) { shares[row[0] ?? ""] = row[1] ?? "" }
        return shares
      }
      let first = try start("one")
      var second = try start("two")
      try Company(stack).waitUntilShared(by: [first, second])
      try first.waitUntilReady()
      try second.waitUntilReady()
      let load = try broker.load(20_000, rate: 250)
      let before = try shares()
      let line = first.process.nextLine
      Thread.sleep(forTimeInterval: 3)

      #expect(try second.stop() == .exited(0))
      let stopped = second
      second = try start("two")
      try second.waitUntilReady()

      let after = try shares()
      // Not even claimed anew: nobody took them away.
      #expect(after["\(first.process.pid)"] == before["\(first.process.pid)"])
      let old = before["\(stopped.process.pid)"]?.split(separator: ",").map { $0.split(separator: " ")[0] }
      let new = after["\(second.process.pid)"]?.split(separator: ",").map { $0.split(separator: " ")[0] }
      #expect(old == new && old?.count == 2, "\(before) \(after)")
      let words = first.process.lines.filter { $0.number >= line }.map(\.text)
      #expect(!words.contains { $0.contains("partitions revoked") || $0.contains("partitions assigned") }, "\(words)")

      #expect(try load.process.waitForExit() == .exited(0))
      let expectation = Expectation(stack: stack, copy: load.copy)
      try expectation.waitUntilCounted(20_000)
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `daemons that come and go while events flow hand the partitions over, and the count is exact`() throws {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      let broker = try OtherBroker(stack)
      defer { broker.stop() }
      try broker.topic("create", ["--partitions", "4"])
      func start() throws -> Daemon {
        try broker.startDaemon([
          "kafka.properties.session.timeout.ms": "\"10000\"", "kafka.properties.heartbeat.interval.ms": "\"1000\"",
        ])
      }
      let first = try start()
      try first.waitUntilReady()
      let load = try broker.load(25_000, rate: 200)
      let second = try start()
      try Company(stack).waitUntilShared(by: [first, second])
      #expect(try first.stop() == .exited(0))
      try Company(stack).waitUntilShared(by: [second])
      let third = try start()
      try Company(stack).waitUntilShared(by: [second, third])
      try second.kill9()
      try Company(stack).waitUntilShared(by: [third])

      #expect(try load.process.waitForExit() == .exited(0))
      let expectation = Expectation(stack: stack, copy: load.copy)
      try expectation.waitUntilCounted(25_000)
      #expect(try expectation.differences() == [])
    }
  }
}
