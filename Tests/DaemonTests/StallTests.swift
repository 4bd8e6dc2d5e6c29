import Foundation
import TestStack
import Testing

/// A daemon that stands still when a flush is on its way: sent, and not yet applied. Its place is taken meanwhile.
@Suite(.serialized) struct StallTests {
  enum Arrival: String, CaseIterable {
    /// The flush reaches PostgreSQL while its daemon still stands still.
    case before
    /// The daemon lives again, and knows nothing of its loss, when the flush gets there.
    case after
  }

  @Test(arguments: Arrival.allCases)
  func `a flush that arrives after others have taken over and flushed is refused, and its daemon counts on`(
    _ arrival: Arrival
  ) throws {
    try Stack.with(topics: ["usage.events": 4]) { stack in
      try stack.apply(Expectation.catalog)
      let company = Company(stack)
      let way = try Way(stack)
      defer { way.close() }
      let sleeper = try company.join(way.settings)
      let other = try company.join()
      let load = try Load(stack, rate: 600)
      try company.waitUntilShared(by: [sleeper, other])
      try eventually("both count") { try sleeper.counted() > 0 && other.counted() > 0 }

      try way.proxy.stallWithFlush()
      sleeper.pause()
      try company.waitUntilShared(by: [other])
      try waitForFlushes(stack, "topic = 'usage.events'", by: other)
      if arrival == .before { try way.letGo() }
      sleeper.goOn()
      if arrival == .after { try way.letGo() }
      #expect(way.refused >= 1)

      try company.waitUntilShared(by: [sleeper, other])
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
      #expect(sleeper.process.isRunning)
      print("\(way.refused) stale flushes were refused, \(arrival.rawValue) their daemon went on")
    }
  }

  /// Somebody else may take some of its partitions without the group knowing.
  @Test func `a daemon that has lost some partitions while it stood still goes on with its others, in the same stay`()
    throws
  {
    try Stack.with(topics: ["other.events": 2, "usage.events": 2]) { stack in
      try stack.apply(Expectation.catalog)
      let way = try Way(stack)
      defer { way.close() }
      // Longer in its session than it will stand still.
      let sleeper = try stack.startDaemon(way.settings.merging(["lanes": "2", "postgres.connections": "2"]) { $1 })
      let load = try Load(stack, rate: 400)
      try eventually("the flow has begun") { try sleeper.counted() > 0 }

      // Nothing flows to the others yet, so that what is held is a flush of what will be lost.
      try way.proxy.stallWithFlush()
      sleeper.pause()
      let thief = try stack.startDaemon(["kafka.group": "successor", "kafka.topics": "[usage.events]"])
      try waitForFlushes(stack, "topic = 'usage.events'", by: thief)
      let otherLoad = try Load(stack, topic: "other.events", rate: 400, seed: 2)
      sleeper.goOn()
      try way.letGo()
      try sleeper.process.waitForLine(matching: "a write was refused")
      #expect(way.refused >= 1)
      let others = """
        select count(*) from meterd.progress where topic = 'other.events' and owner like '%/\(sleeper.process.pid)'
          and epoch = 1 and next_offset > 0
        """
      try stack.database.waitFor(others, toBe: "2")
      #expect(try sleeper.get("/healthz").status == 200)

      // What it lost comes back when nobody has it.
      #expect(try thief.stop() == .exited(0))
      try stack.database.waitFor(
        "select count(*) from meterd.progress where owner like '%/\(sleeper.process.pid)'", toBe: "4")
      let copies = [try load.finish(), try otherLoad.finish()]
      let expectation = Expectation(stack: stack, copy: try whole(copies, stack))
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
      #expect(try stack.database.scalar(others) == "2")
    }
  }

  /// One file of both logs; the second says of which topic it is.
  private func whole(_ copies: [String], _ stack: Stack) throws -> String {
    let texts = try copies.map { try String(contentsOfFile: $0, encoding: .utf8) }
    let named = texts[1].split(separator: "\n").map { "{\"topic\":\"other.events\",\($0.dropFirst())\n" }
    return try stack.folder.write(texts[0] + named.joined(), to: "whole.ndjson")
  }

  /// All of them are this daemon's, and it has flushed each.
  private func waitForFlushes(_ stack: Stack, _ condition: String, by daemon: Daemon) throws {
    try stack.database.waitFor(
      """
      select count(*) from meterd.progress join meterd.partition p on p.topic = progress.topic and p.number = progress.partition
      where progress.\(condition)
        and (progress.owner not like '%/\(daemon.process.pid)' or p.last_flush = 0)
      """, toBe: "0")
  }
}

/// A daemon's way to PostgreSQL, on which a flush can be held.
final class Way {
  /// The one row of the procedure that applies a flush, when it refuses.
  private static let refusal = Array("D".utf8) + [0, 0, 0, 17, 0, 1, 0, 0, 0, 7] + Array("refused".utf8)

  let proxy: ByteProxy
  let settings: [String: String]
  private let refusals: ByteProxy.Trap

  init(_ stack: Stack, _ cluster: PostgresCluster? = nil) throws {
    let port = if let cluster { cluster.port } else { try PostgresCluster.shared.port }
    proxy = try ByteProxy(to: "127.0.0.1:\(port)")
    let name = stack.databaseURL.split(separator: "/").last.map(String.init) ?? ""
    settings = ["postgres.url": "postgresql://postgres@\(proxy.address)/\(name)?sslmode=disable&gssencmode=disable"]
    refusals = proxy.on(.toClient, containing: Self.refusal, .afterForwarding, times: .max, do: .run {})
  }

  /// Flushes to which PostgreSQL said no.
  var refused: Int { refusals.hits }

  /// Returns when PostgreSQL has refused what was held.
  func letGo() throws {
    proxy.release()
    try refusals.waitForHit()
  }

  func close() { proxy.close() }
}
