import Foundation
import TestStack
import Testing

/// Records as no well-meaning service sends them, in one log through the real daemon into a real database.
@Suite(.serialized) struct HostileRecordTests {
  private static let lists: [[HostileRecord]] = [
    HostileRecord.encodings, HostileRecord.grammar, HostileRecord.sizes, HostileRecord.frames,
    HostileRecord.contentEncodings,
    HostileRecord.headed, HostileRecord.batches, HostileRecord.attributes, HostileRecord.doubled, HostileRecord.lengths,
    HostileRecord.controls, HostileRecord.tenants, HostileRecord.dimensions, HostileRecord.identities,
    HostileRecord.numbers,
    HostileRecord.times, HostileRecord.edges, HostileRecord.duplicates, HostileRecord.conflicts, HostileRecord.separate,
    HostileRecord.corrections,
  ]

  private static let settings = ["events.max_size": "\(HostileRecord.sizeMax / 1_024)KiB"]

  /// A difference between a table and what it must say, and the record that it is about where that is known.
  private struct Difference: CustomStringConvertible {
    let record: String?
    let text: String
    var description: String { "\(record ?? "nobody"): \(text)" }
  }

  @Test func `the tables hold enough, and no record twice`() {
    let all = Self.lists.flatMap { $0 }
    #expect(all.count >= 160)
    #expect(Set(all.map { Array($0.name.utf8) }).count == all.count)
  }

  @Test func `each hostile record ends in its one verdict and every text comes through byte by byte`() throws {
    let log = HostileLog(Self.lists)
    try Self.run(log) { stack, file in
      for difference in try Self.differences(log, stack.database) { Issue.record("\(difference)") }
      var expectation = Expectation(stack: stack, copy: file)
      expectation.catalog = HostileRecord.catalog
      expectation.settings = Self.settings
      for difference in try expectation.differences() { Issue.record("the recount differs: \(difference)") }
      print("\(log.records.count) hostile records, \(log.events) events")
    }
  }

  /// A record file cannot hold such a name; Kafka can.
  @Test func `a header whose name is no text does not hold up what follows`() throws {
    try Stack.with(topics: ["usage.events": 1]) { stack in
      try stack.apply(HostileRecord.catalog)
      let script = #"printf '%s' "$3" | kcat -P -b "$1" -t usage.events -p 0 -H "$(printf 'a\377b')=1" -k "$2""#
      for (tenant, value) in [
        ("good", HostileRecord.text(of: "good")), ("bad", "{"), ("next", HostileRecord.text(of: "next")),
      ] {
        let kcat = try ChildProcess("/bin/sh", ["-c", script, "sh", stack.brokers, tenant, value])
        #expect(try kcat.waitForExit() == .exited(0), "\(kcat.dump())")
      }
      try stack.startDaemon().waitUntilReady()
      try stack.database.waitFor(
        "select counted || ' and ' || quarantined from meterd.accounting where events > 0", toBe: "2 and 1")
      #expect(
        try stack.database.query("select convert_from(payload, 'UTF8'), headers->0->>1 from meterd.quarantine") == [
          ["{", "MQ=="]
        ])
    }
  }

  @Test func `a window that is full in the database takes no more from a later flush`() throws {
    try Stack.with(topics: ["usage.events": 1]) { stack in
      try stack.apply(HostileRecord.catalog)
      try stack.startDaemon().waitUntilReady()
      let full = "99999999999999999999999999999.999999999"
      for (id, number) in [("1", full), ("2", "0.000000001"), ("3", "0")] {
        let record = HostileRecord.event(
          "record \(id)", ["subject": "\"full\"", "type": "\"sum\"", "id": "\"\(id)\"", "data": "{\"n\":\(number)}"])
        let file = try stack.folder.write(HostileLog([[record]]).file, to: "\(id).ndjson")
        #expect(try stack.lab(["load", "--brokers", stack.brokers, "--from", file]).status == 0)
        try stack.database.waitFor("select sum(events) from meterd.accounting", toBe: id)
      }
      let usage = try stack.database.query("select quantity, events from meterd.usage")
      let quarantine = try stack.database.query("select reason from meterd.quarantine")
      #expect(usage == [[full, "2"]])
      #expect(quarantine == [["overflow"]])
    }
  }

  private static func run(_ log: HostileLog, _ body: (Stack, String) throws -> Void) throws {
    try Stack.with(topics: ["usage.events": HostileLog.partitions]) { stack in
      try stack.apply(HostileRecord.catalog, settings)
      let file = try stack.folder.write(log.file, to: "hostile.ndjson")
      let load = try stack.lab(["load", "--brokers", stack.brokers, "--from", file, "--json"])
      #expect(load.status == 0, "\(load.errors)")
      #expect(load.output.contains("\"acknowledged\":\(log.records.count),"), "\(load.output)")
      let daemon = try stack.startDaemon(settings).waitUntilReady()
      let ends = Dictionary(grouping: log.records, by: \.place.partition).mapValues(\.count)
      try eventually("the whole log is counted", is: ends) {
        var seen: [Int: Int] = [:]
        for row in try stack.database.query("select partition, next_offset from meterd.progress") {
          let (partition, offset) = (Int(row[0] ?? "") ?? -1, Int(row[1] ?? "") ?? -1)
          if offset > 0 { seen[partition] = offset }
        }
        return seen
      }
      try body(stack, file)
      #expect(try daemon.stop() == .exited(0))
    }
  }

  private static func differences(_ log: HostileLog, _ database: Database) throws -> [Difference] {
    var differences: [Difference] = []
    for (wanted, seen) in [
      (log.quarantine(), try HostileLog.quarantine(in: database)),
      (log.conflicts(), try HostileLog.conflicts(in: database)),
      (log.usage(), try HostileLog.usage(in: database)), (log.accounting(), try HostileLog.accounting(in: database)),
    ] {
      for (fact, record) in wanted where !seen.contains(fact) {
        differences.append(Difference(record: record, text: "missing: \(shown(fact))"))
      }
      for fact in seen where wanted[fact] == nil {
        differences.append(Difference(record: log.record(of: fact), text: "surplus: \(shown(fact))"))
      }
    }
    return differences
  }

  private static func shown(_ fact: HostileLog.Fact) -> String {
    let text = String(decoding: fact, as: UTF8.self)
    return text.count > 400 ? "\(text.prefix(200))… \(text.suffix(150))" : text
  }
}
