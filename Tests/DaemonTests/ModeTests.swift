import Foundation
import TestStack
import Testing

/// The three ways of sending, compressed values, corrections and the aggregates, from a Kafka client to the view.
@Suite(.serialized) struct ModeTests {
  private static let catalog = """
    meters:
      - { name: calls, event: api.call, aggregate: count, dimensions: [region] }
      - { name: tokens, event: llm.tokens, aggregate: sum, value: tokens, scale: 3 }
      - { name: peak, event: load.sample, aggregate: max, value: level }
      - { name: floor, event: load.sample, aggregate: min, value: level }
      - { name: users, event: visit, aggregate: unique, value: user, dimensions: [page] }
      - { name: storage, event: storage.sample, aggregate: time_weighted, value: gb, scale: 3, hold: 30m }
      - { name: level, event: load.sample, aggregate: latest, value: level, dimensions: [host] }
    """

  @Test func `structured, binary, batched and compressed events are counted alike`() throws {
    try Self.with { stack in
      let call = Self.event("a", "api.call", #"{"region":"eu"}"#)
      try Self.send(stack, call)
      let batch = [
        Self.event("b", "api.call", #"{"region":"eu"}"#), "7", Self.event("a", "api.call", #"{"region":"eu"}"#),
      ]
      try Self.send(stack, "[\(batch.joined(separator: ","))]")
      try Self.send(
        stack, #"{"region":"eu"}"#,
        headers: [
          "ce_specversion=1.0", "ce_id=c", "ce_source=s", "ce_type=api.call", "ce_subject=acme",
          "ce_time=\(Self.hourText)",
        ])
      let plain = try stack.folder.write(Self.event("d", "api.call", #"{"region":"eu"}"#), to: "plain.json")
      let zstd = try ChildProcess("/usr/bin/zstd", ["-q", plain])
      #expect(try zstd.waitForExit() == .exited(0))
      try Self.send(stack, file: plain + ".zst", headers: ["content-encoding=zstd"])
      try Self.send(stack, file: plain, headers: ["content-encoding=zstd"])
      try stack.database.waitFor("select sum(events) from meterd.accounting", toBe: "7")
      #expect(
        try stack.database.query("select quantity, events from meterd.usage where meter = 'calls'") == [["4", "4"]])
      let quarantine = try stack.database.query(
        "select reason, convert_from(payload, 'UTF8') from meterd.quarantine order by id")
      #expect(
        quarantine == [["not_cloudevent", "7"], ["bad_encoding", Self.event("d", "api.call", #"{"region":"eu"}"#)]])
      #expect(try stack.database.scalar("select sum(duplicate) from meterd.accounting") == "1")
    }
  }

  @Test func `a void takes back what was counted, once, also after a restart, and an adjust carries its sign`() throws {
    try Self.with { stack in
      let original = Self.event("t1", "llm.tokens", #"{"tokens":12.5}"#)
      try Self.send(stack, original)
      try Self.send(stack, Self.event("t2", "llm.tokens", #"{"tokens":100}"#))
      try Self.send(stack, Self.event("t3", "llm.tokens", #"{"tokens":-0.125}"#, #""correction":"adjust","#))
      try stack.database.waitFor(
        "select quantity from meterd.usage where meter = 'tokens'", toBe: "112.375")
      try Self.restart(stack)
      try Self.send(
        stack, Self.event("v1", "llm.tokens", #"{"tokens":12.5}"#, #""correction":"void","corrects":"t1","#))
      try stack.database.waitFor(
        "select quantity || ' x' || events from meterd.usage where meter = 'tokens'", toBe: "99.875 x2")
      try Self.restart(stack)
      // Again under another id, and with another content; then the void itself, repeated.
      try Self.send(
        stack, Self.event("v2", "llm.tokens", #"{"tokens":12.5}"#, #""correction":"void","corrects":"t1","#))
      try Self.send(stack, Self.event("v3", "llm.tokens", #"{"tokens":1}"#, #""correction":"void","corrects":"t2","#))
      try Self.send(
        stack, Self.event("v1", "llm.tokens", #"{"tokens":12.5}"#, #""correction":"void","corrects":"t1","#))
      try Self.send(stack, Self.event("v4", "load.sample", #"{"level":1}"#, #""correction":"void","corrects":"x","#))
      try stack.database.waitFor("select sum(events) from meterd.accounting", toBe: "8")
      #expect(
        try stack.database.query("select reason from meterd.quarantine order by id") == [
          ["void_twice"], ["void_unknown"], ["void_unsupported"],
        ])
      #expect(
        try stack.database.query(
          "select counted, voided, duplicate, quarantined from meterd.accounting where events > 0") == [
            ["3", "1", "1", "3"]
          ])
      #expect(try stack.database.scalar("select quantity from meterd.usage where meter = 'tokens'") == "99.875")
    }
  }

  @Test func `extremes and levels come together over flushes and restarts, whatever the order`() throws {
    try Self.with { stack in
      let now = Int(Date().timeIntervalSince1970) / 3600 * 3600
      let samples = [(5, "10"), (1, "99.5"), (9, "7"), (3, "-0"), (8, "50")]
      for (index, sample) in samples.enumerated() {
        let time = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(now - 60 + sample.0)))
        try Self.send(
          stack, Self.event("s\(index)", "load.sample", #"{"level":\#(sample.1),"host":"h"}"#, #""time":"\#(time)","#))
        if index == 2 { try Self.restart(stack) }
      }
      try stack.database.waitFor("select sum(events) from meterd.accounting", toBe: "5")
      #expect(
        try stack.database.query("select meter, quantity, events from meterd.usage order by meter") == [
          ["floor", "0", "5"], ["level", "7", "5"], ["peak", "99.5", "5"],
        ])
      let total = try stack.meterd(["usage", "--total", "--json"])
      #expect(total.output.split(separator: "\n").count == 3)
      #expect(total.output.contains(#""meter":"level""#) && total.output.contains(#""quantity":"99.5""#))
    }
  }

  @Test func `a user of two pages and two hours is one user, and a level is integrated while it holds`() throws {
    try Self.with { stack in
      let hour = Int(Date().timeIntervalSince1970) / 3600 * 3600
      func time(_ seconds: Int) -> String {
        ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(hour + seconds)))
      }
      for (index, visit) in [("ann", "a", -10), ("ann", "b", -10), ("bob", "a", -10), ("ann", "a", -3_700)].enumerated()
      {
        try Self.send(
          stack,
          Self.event(
            "v\(index)", "visit", #"{"user":"\#(visit.0)","page":"\#(visit.1)"}"#, #""time":"\#(time(visit.2))","#))
      }
      // 10 GB from 90 minutes ago for a quarter of an hour, then 4 GB until it no longer holds; the later sample comes first.
      try Self.send(
        stack, Self.event("s1", "storage.sample", #"{"gb":4}"#, #""time":"\#(time(-4_500))","#))
      try Self.send(
        stack, Self.event("s2", "storage.sample", #"{"gb":10}"#, #""time":"\#(time(-5_400))","#))
      try stack.database.waitFor("select sum(events) from meterd.accounting", toBe: "6")
      #expect(
        try stack.database.query(
          "select dimensions->>'page', sum(quantity) from meterd.usage where meter = 'users' group by 1 order by 1")
          == [["a", "3"], ["b", "1"]])
      // 2.5 + 4 x (900 s before the hour's end) = 2.5 + 1, then 4 x 900 s more.
      #expect(
        try stack.database.query(
          "select quantity, events from meterd.usage where meter = 'storage' order by window_start") == [
            ["3.5", "2"], ["1", "0"],
          ])
      let total = try stack.meterd(["usage", "--total", "--json"]).output
      #expect(total.contains(#""meter":"users""#) && total.contains(#""quantity":"2","events":4"#), "\(total)")
      #expect(total.contains(#""quantity":"4.5","events":2"#), "\(total)")
    }
  }

  private static func with(_ body: (Stack) throws -> Void) throws {
    try Stack.with(topics: ["usage.events": 1]) { stack in
      try stack.apply(catalog)
      try stack.startDaemon(["kafka.group": "modes-0"]).waitUntilReady()
      try body(stack)
    }
  }

  /// Kills the daemon and starts another, in a group of its own so that nobody waits for the dead one's session.
  private static func restart(_ stack: Stack) throws {
    let before = try stack.database.scalar("select max(epoch) from meterd.progress") ?? ""
    try stack.killDaemons()
    try stack.startDaemon(["kafka.group": "modes-\(UUID().uuidString)"]).waitUntilReady()
    #expect(try stack.database.scalar("select max(epoch) from meterd.progress") != before)
  }

  /// The beginning of an hour: events without a time of their own share it, so that no window ends between two of them.
  private static let hour = Int(Date().timeIntervalSince1970) / 3600 * 3600
  private static let hourText = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(hour)))

  private static func event(_ id: String, _ type: String, _ data: String, _ more: String = "") -> String {
    let time = more.contains("time") ? "" : #""time":"\#(hourText)","#
    return #"{"specversion":"1.0","id":"\#(id)","source":"s","type":"\#(type)","subject":"acme",\#(time)\#(more)"#
      + #""data":\#(data)}"#
  }

  private static func send(_ stack: Stack, _ value: String, headers: [String] = []) throws {
    try send(stack, file: try stack.folder.write(value, to: "value-\(UUID().uuidString)"), headers: headers)
  }

  private static func send(_ stack: Stack, file: String, headers: [String] = []) throws {
    let flags = headers.flatMap { ["-H", $0] }
    let process = try ChildProcess(
      "/usr/bin/kcat", ["-P", "-b", stack.brokers, "-t", "usage.events", "-p", "0", "-k", "acme"] + flags + [file])
    guard try process.waitForExit() == .exited(0) else { throw process.failure("kcat failed") }
  }
}
