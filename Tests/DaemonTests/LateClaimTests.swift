import Foundation
import TestStack
import Testing

/// A claim is not bound to the group: one that was sent by a daemon that has died since takes the partition from whoever has it now.
@Suite(.serialized) struct LateClaimTests {
  @Test func `a claim that arrives after its daemon's death costs nobody the partition`() throws {
    try Stack.with(topics: ["usage.events": 4]) { stack in
      try stack.apply(Expectation.catalog)
      let quick = [
        "kafka.properties.session.timeout.ms": "\"6000\"", "kafka.properties.heartbeat.interval.ms": "\"500\"",
      ]
      let first = try stack.startDaemon(quick).waitUntilReady()
      let load = try Load(stack, rate: 300)
      let proxy = try ByteProxy(to: "127.0.0.1:\(PostgresCluster.shared.port)")
      defer { proxy.close() }
      let name = stack.databaseURL.split(separator: "/").last.map(String.init) ?? ""
      let claim = proxy.on(.toServer, containing: "update meterd.partition set epoch", do: .stall)
      let second = try stack.startDaemon(
        quick.merging([
          "postgres.url": "postgresql://postgres@\(proxy.address)/\(name)?sslmode=disable&gssencmode=disable"
        ]) { $1 })
      try claim.waitForHit()
      try second.kill9()
      // The first one has all of them again, and counts.
      try first.waitForReadiness(200)
      let owner = "select count(*) from meterd.progress where owner like '%/\(first.process.pid)'"
      try stack.database.waitFor(owner, toBe: "4")
      let before = try stack.database.scalar("select min(next_offset) from meterd.progress")
      try eventually("all partitions go on") {
        try stack.database.scalar("select min(next_offset) from meterd.progress") != before
      }
      // Now the claim of the dead arrives.
      proxy.release()
      try stack.database.waitFor(owner, toBe: "3")
      let stuck = try stack.database.query(
        "select partition, next_offset from meterd.progress where owner not like '%/\(first.process.pid)'")
      try eventually("the partition goes on", within: .seconds(40)) {
        try stack.database.scalar(
          "select next_offset from meterd.progress where partition = \(stuck[0][0] ?? "")") != stuck[0][1]
      }
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
    }
  }
}
