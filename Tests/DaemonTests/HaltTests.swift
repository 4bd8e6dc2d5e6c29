import Foundation
import TestStack
import Testing

/// Partitions whose log cannot be read on: they stop where they are, say why, and nobody else stops with them.
@Suite(.serialized) struct HaltTests {
  /// A daemon over one topic with three partitions, of which one is to halt.
  private static func with(_ body: (Stack, Daemon) throws -> Void) throws {
    try Stack.with(topics: ["usage.events": 3]) { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon(Company.quick).waitUntilReady()
      try body(stack, daemon)
    }
  }

  private static func event(_ id: Int) -> String {
    """
    {"specversion":"1.0","id":"raw-\(id)","source":"test","type":"api.call","subject":"tenant-raw","data":{"endpoint":"/","region":"eu","latency_ms":1,"method":"GET"}}
    """
  }

  /// A daemon has counted 600 events. In partition 1 stand a sound record, one that cannot be decoded, and a sound one behind it.
  private func expectHalt(
    isBacklog: Bool, _ produce: (Stack) throws -> Int64
  ) throws {
    try Self.with { stack, first in
      let expectation = Expectation(stack: stack, copy: try stack.load(600))
      try expectation.waitUntilCounted(600)
      if isBacklog { try first.stop() }
      let offset = try produce(stack)
      let daemon = isBacklog ? try stack.startDaemon(Company.quick) : first
      let line = try daemon.process.waitForLine(matching: "partition halted")
      #expect(line.text.contains("the batch at offset \(offset) cannot be decoded"), "\(line.text)")
      try stack.database.waitFor(
        "select halted like '%offset \(offset) cannot be decoded%' from meterd.progress where partition = 1", toBe: "t")
      // What is before it is counted, and nothing else.
      try expectation.waitUntilCounted(601)
      try stack.database.waitFor("select next_offset from meterd.progress where partition = 1", toBe: "\(offset)")
      try daemon.waitForReadiness(503)
      #expect(try daemon.get("/readyz").body.contains("usage.events[1]: halted: the batch at offset \(offset)"))
      #expect(try daemon.get("/metrics").body.contains("\nmeterd_partitions_halted 1\n"))

      try daemon.stop()
      let next = try stack.startDaemon(Company.quick)
      try next.process.waitForLine(matching: "partition halted")
      try expectOthersGoOn(stack, past: offset)
      #expect(
        try stack.database.scalar(
          "select sum(events) from meterd.usage where tenant = 'tenant-raw' and meter = 'api_calls'") == "1")
    }
  }

  private static func produce(_ stack: Stack, _ id: Int, _ flaw: RawBatch.Flaw) throws -> Int64 {
    try RawBatch(event(id), flaw).produce(to: stack.brokers, topic: "usage.events", partition: 1)
  }

  /// Each flaw in the midst of what waits for a start, and one that arrives at a daemon that is at the end of the log.
  @Test(arguments: RawBatch.Flaw.allCases.filter { $0 != .none }.map { ($0, true) } + [(.flippedBit, false)])
  func `a batch that cannot be decoded halts its partition at its offset, and what is behind it waits`(
    _ flaw: RawBatch.Flaw, _ isBacklog: Bool
  ) throws {
    try expectHalt(isBacklog: isBacklog) { stack in
      _ = try Self.produce(stack, 1, .none)
      let offset = try Self.produce(stack, 2, flaw)
      _ = try Self.produce(stack, 3, .none)
      return offset
    }
  }

  /// Of messages in the old format librdkafka passes over the one that is damaged and delivers the next.
  @Test(arguments: [true, false])
  func `a damaged message of the old format halts its partition although librdkafka goes on behind it`(
    _ isBacklog: Bool
  ) throws {
    try expectHalt(isBacklog: isBacklog) { stack in
      let end =
        Int64(try stack.database.scalar("select next_offset from meterd.progress where partition = 1") ?? "") ?? 0
      let offset = try RawBatch(Self.event(1), .none).produce(
        to: stack.brokers, topic: "usage.events", partition: 1,
        behind: [.init(Self.event(2), isFlipped: true), .init(Self.event(3), isFlipped: false)], end: end)
      #expect(offset == end)
      return offset + 1
    }
  }

  /// Nothing of the halted partition is counted, whatever else is.
  private func expectOthersGoOn(_ stack: Stack, past offset: Int64) throws {
    let others = "select coalesce(sum(events), 0) from meterd.accounting where partition <> 1"
    let before = Int(try stack.database.scalar(others) ?? "") ?? 0
    _ = try stack.load(300, seed: 9)
    try eventually("the others go on") { Int(try stack.database.scalar(others) ?? "") ?? 0 > before }
    #expect(try cursor(stack, 1) == offset)
  }

  private func cursor(_ stack: Stack, _ partition: Int) throws -> Int64 {
    Int64(try stack.database.scalar("select next_offset from meterd.progress where partition = \(partition)") ?? "")
      ?? -1
  }

  @Test func `a cursor beyond the log halts also when the log grows past it, over restarts`() throws {
    try Self.with { stack, first in
      _ = try stack.load(300)
      try Expectation(stack: stack, copy: "").waitUntilCounted(300)
      let end = try cursor(stack, 1)
      try first.stop()
      try stack.database.execute("update meterd.partition set next_offset = \(end + 50) where number = 1")
      let daemon = try stack.startDaemon(Company.quick)
      let line = try daemon.process.waitForLine(matching: "partition halted")
      #expect(line.text.contains("the cursor is \(end + 50) but the log ends at \(end)"), "\(line.text)")
      try stack.database.waitFor("select halted is not null from meterd.progress where partition = 1", toBe: "t")
      for id in 0..<60 {
        _ = try RawBatch(Self.event(id), .none).produce(to: stack.brokers, topic: "usage.events", partition: 1)
      }
      Thread.sleep(forTimeInterval: 3)
      #expect(try cursor(stack, 1) == end + 50)
      try daemon.stop()
      let next = try stack.startDaemon(Company.quick)
      try next.process.waitForLine(matching: "the cursor is \(end + 50) but the log ends at \(end)")
      try expectOthersGoOn(stack, past: end + 50)
    }
  }

  @Test func `a cursor below the log's start halts and names how much is gone`() throws {
    try Stack.with(topics: ["usage.events": 2]) { stack in
      try stack.apply(Expectation.catalog)
      let first = try stack.startDaemon(Company.quick).waitUntilReady()
      _ = try stack.load(200)
      try Expectation(stack: stack, copy: "").waitUntilCounted(200)
      try first.stop()
      // More than the broker keeps, so that it drops the oldest of both.
      _ = try stack.load(12_000, seed: 2, ["--padding", "2KiB", "--compression", "none"])
      let daemon = try stack.startDaemon(Company.quick)
      let line = try daemon.process.waitForLine(matching: "partition halted")
      #expect(
        (try? /the cursor is \d+ but the log starts at \d+; \d+ offsets are gone/.firstMatch(in: line.text)) != nil)
      try stack.database.waitFor("select count(*) from meterd.progress where halted is not null", toBe: "2")
      #expect(try daemon.get("/metrics").body.contains("\nmeterd_partitions_halted 2\n"))
    }
  }

  @Test func `a log that is cut under its reader halts`() throws {
    try Self.with { stack, daemon in
      _ = try stack.load(300)
      try Expectation(stack: stack, copy: "").waitUntilCounted(300)
      try stack.tellBroker("error Fetch OFFSET_OUT_OF_RANGE")
      let line = try daemon.process.waitForLine(matching: "partition halted")
      #expect(line.text.contains("it was cut or made anew (_AUTO_OFFSET_RESET"), "\(line.text)")
      try stack.database.waitFor(
        "select count(*) > 0 from meterd.progress where halted like '%cut or made anew%'", toBe: "t")
    }
  }

  @Test func `a topic that is gone halts its partitions and none of another topic, also after it is there again`()
    throws
  {
    try Stack.with(topics: ["usage.events": 2, "usage.more": 2]) { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon(
        Company.quick.merging(["kafka.properties.topic.metadata.refresh.interval.ms": "\"500\""]) { $1 }
      ).waitUntilReady()
      _ = try stack.load(200, topic: "usage.events")
      _ = try stack.load(200, seed: 2, topic: "usage.more")
      try Expectation(stack: stack, copy: "").waitUntilCounted(400)
      try stack.tellBroker("topic-error usage.events UNKNOWN_TOPIC_OR_PART")
      try daemon.process.waitForLine(matching: "partition halted")
      try stack.database.waitFor(
        "select count(*) from meterd.progress where topic = 'usage.events' and halted like '%do not know the partition%'",
        toBe: "2")
      try stack.tellBroker("topic-error usage.events NO_ERROR")
      _ = try stack.load(200, seed: 3, topic: "usage.events")
      _ = try stack.load(200, seed: 4, topic: "usage.more")
      try stack.database.waitFor("select sum(events) from meterd.accounting where topic = 'usage.more'", toBe: "400")
      #expect(
        try stack.database.scalar("select sum(events) from meterd.accounting where topic = 'usage.events'") == "200")
      #expect(
        try stack.database.scalar(
          "select count(*) from meterd.progress where topic = 'usage.more' and halted is not null")
          == "0")
    }
  }

  @Test func `a permission that is missing for a moment halts nothing`() throws {
    try Self.with { stack, daemon in
      let copy = try stack.load(200)
      try Expectation(stack: stack, copy: "").waitUntilCounted(200)
      try stack.tellBroker("error Fetch TOPIC_AUTHORIZATION_FAILED 20")
      try daemon.process.waitForLine(matching: "a partition cannot be read for now")
      try daemon.waitForReadiness(503)
      // The broker goes on when it has said so often enough; an idle partition is looked at again by itself.
      try daemon.waitUntilReady(within: .promised(.seconds(30)))
      #expect(try stack.database.scalar("select count(*) from meterd.progress where halted is not null") == "0")
      let expectation = Expectation(stack: stack, copy: copy)
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `a halt that cannot be written down is written as soon as it can be`() throws {
    try Self.with { stack, daemon in
      _ = try stack.load(200)
      try Expectation(stack: stack, copy: "").waitUntilCounted(200)
      try stack.database.execute(
        "alter table meterd.partition add constraint closed check (halted is null) not valid")
      _ = try RawBatch(Self.event(1), .flippedBit).produce(to: stack.brokers, topic: "usage.events", partition: 1)
      try daemon.process.waitForLine(matching: "the halt could not be recorded; it is tried again")
      try stack.database.execute("alter table meterd.partition drop constraint closed")
      try stack.database.waitFor("select halted is not null from meterd.progress where partition = 1", toBe: "t")
      #expect(try daemon.stop() == .exited(0))
    }
  }
}
