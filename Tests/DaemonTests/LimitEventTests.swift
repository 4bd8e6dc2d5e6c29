import Foundation
import TestGolden
import TestStack
import Testing

/// What is told of limits, by real daemons.
@Suite(.serialized) struct LimitEventTests {
  static let block = "{ meter: points, included: \"100\", limit: { mode: block }, warn_at: [80] }"

  // The golden vectors.

  private struct Vector {
    var tenant: String
    var steps: [GoldenFields]
    var expected: [(step: Int, text: String)]
    /// Where the other entry comes into force; the count of steps if none does.
    var turn: Int
  }

  private static func entry(_ fields: GoldenFields) -> String {
    var text = "{ meter: points, included: \"\(fields.text("included") ?? "0")\""
    if let limit = fields.object("limit") {
      text += ", limit: { mode: \(limit.text("mode") ?? "")"
      if let at = limit.text("at") { text += ", at: \"\(at)\"" }
      if let grace = limit.text("grace_percent") { text += ", grace_percent: \(grace)" }
      text += " }"
    }
    let warnings = fields.texts("warn_at")
    return text + (warnings.isEmpty ? "" : ", warn_at: [\(warnings.joined(separator: ", "))]") + " }"
  }

  private static func vectors() throws -> [(Vector, GoldenFields)] {
    try GoldenVector.all("limits").compactMap { golden in
      let (given, expect) = (try golden.given, try golden.expect)
      let steps = given.objects("steps")
      // A daemon's periods end by the clock.
      guard !steps.contains(where: { $0.has("new_period") }), let entry = given.object("entry") else { return nil }
      let expected = expect.objects("events").map { event in
        let threshold =
          switch event.text("kind") {
          case "warning": event.text("threshold") ?? "?"
          case "limit": "100"
          case "exceeded": "?"
          default: "-"
          }
        let limit = event.isNull("limit") ? "-" : event.text("limit") ?? "-"
        return (
          event.integer("step") ?? -1,
          "\(event.text("kind") ?? "?") \(threshold) \(event.text("used") ?? "?") \(limit)"
        )
      }
      return (
        Vector(
          tenant: golden.name, steps: steps, expected: expected,
          turn: steps.firstIndex { $0.has("limit") } ?? steps.count),
        entry
      )
    }
  }

  private static func events(_ vector: Vector, _ range: Range<Int>) -> [LimitScene.Event] {
    range.compactMap { number in
      let step = vector.steps[number]
      if let points = step.text("add") ?? step.text("adjust") { return LimitScene.points(vector.tenant, points) }
      return step.text("void").map { LimitScene.points(vector.tenant, "-\($0)") }
    }
  }

  /// The percentage of what was exceeded is the plan's, and stands in no vector.
  private static func plain(_ told: [String]) -> [String] {
    told.map { line in
      var words = line.split(separator: " ").map(String.init)
      if words[0] == "exceeded" { words[1] = "?" }
      return words.joined(separator: " ")
    }
  }

  @Test func `golden limits are told of by a daemon, each with the total and the event that did it`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      let vectors = try Self.vectors()
      #expect(vectors.count >= 38)
      for (vector, entry) in vectors { try stack.apply(LimitScene.subscription(vector.tenant, Self.entry(entry))) }
      try stack.startDaemon().waitUntilReady()
      try scene.send(vectors.flatMap { Self.events($0.0, 0..<$0.0.turn) })
      for (vector, _) in vectors {
        #expect(
          Self.plain(try scene.told(vector.tenant)) == vector.expected.filter { $0.step < vector.turn }.map(\.text),
          "\(vector.tenant)")
      }
      let turned = vectors.filter { $0.0.turn < $0.0.steps.count }
      #expect(turned.count >= 5)
      for (vector, _) in turned {
        let entry = try #require(vector.steps[vector.turn].object("limit"))
        try stack.apply(LimitScene.subscription(vector.tenant, version: 2, Self.entry(entry)))
      }
      for (vector, _) in turned {
        let wanted = vector.expected.filter { $0.step <= vector.turn }.map(\.text)
        try eventually("the change was looked at", within: .seconds(5)) {
          Self.plain(try scene.told(vector.tenant)) == wanted
        }
      }
      // Every daemon has heard of it within two seconds.
      Thread.sleep(forTimeInterval: 2)
      try scene.send(turned.flatMap { Self.events($0.0, $0.0.turn + 1..<$0.0.steps.count) })
      for (vector, _) in turned {
        #expect(Self.plain(try scene.told(vector.tenant)) == vector.expected.map(\.text), "\(vector.tenant)")
      }
      // What an event did names it, and it stands where it says; what a change did names none.
      #expect(
        try stack.database.scalar(
          "select count(*) from meterd.limit_events where (event_id is null) <> (\"offset\" is null) or (topic is null) <> (event_id is null)"
        ) == "0")
      let byChange = turned.reduce(0) { sum, vector in sum + vector.0.expected.count { $0.step == vector.0.turn } }
      #expect(
        try stack.database.scalar("select count(*) from meterd.limit_events where event_id is null") == "\(byChange)")
      #expect(
        try stack.database.scalar(
          "select count(distinct id) = count(*) and min(seq) = 1 and max(seq) = count(*) from meterd.limit_events")
          == "t")
      #expect(try stack.meterd(["verify"]).status == 0)
    }
  }

  @Test func `a raised limit frees its tenant, within two seconds`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(LimitScene.subscription("acme", Self.block))
      try stack.startDaemon().waitUntilReady()
      try scene.send([LimitScene.points("acme", "79"), LimitScene.points("acme", "30")])
      #expect(
        try scene.told("acme", "kind, threshold, used, event_id, mode, plan, plan_version, subscription") == [
          "warning 80 109 e2 block plan_acme 1 sub_acme", "limit 100 109 e2 block plan_acme 1 sub_acme",
          "exceeded 100 109 e2 block plan_acme 1 sub_acme",
        ])
      let begun = ContinuousClock.now
      try stack.apply(
        LimitScene.subscription("acme", version: 2, "{ meter: points, included: \"200\", limit: { mode: block } }"))
      try eventually("it is free") { try scene.told("acme", "kind").last == "recovered" }
      #expect(ContinuousClock.now - begun < .seconds(2))
      #expect(try scene.told("acme", "kind, used, \"limit\", event_id, plan_version").last == "recovered 109 200 - 2")
    }
  }

  @Test func `a limit that comes down on counts which are under way is told of all the same`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      func entry(_ at: Int) -> String { "{ meter: points, limit: { mode: block, at: \"\(at)\" } }" }
      try stack.apply(LimitScene.subscription("acme", entry(200)))
      let daemon = try stack.startDaemon(["flush.interval": "6s"]).waitUntilReady()
      try scene.send([LimitScene.points("acme", "95")], isWaitedFor: false)
      try eventually("it is counted") { try daemon.counted() == 1 }
      try stack.apply(LimitScene.subscription("acme", version: 2, entry(90)))
      #expect(try stack.database.scalar("select count(*) from meterd.usage") == "0", "it was to be under way")
      try eventually("it is told") {
        try scene.told("acme", "kind, used, \"limit\"") == ["limit 95 90", "exceeded 95 90"]
      }
    }
  }

  @Test func `what was told stays told over a kill, and totals go on where they were`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(LimitScene.subscription("acme", Self.block))
      let daemon = try stack.startDaemon().waitUntilReady()
      try scene.send([LimitScene.points("acme", "85")])
      try daemon.kill9()
      try stack.startDaemon().waitUntilReady()
      try scene.send([
        LimitScene.points("acme", "10"), LimitScene.points("acme", "5"), LimitScene.points("acme", "-50"),
      ])
      try scene.send([LimitScene.points("acme", "60")])
      #expect(
        try scene.told("acme", "kind, used, event_id") == [
          "warning 85 e1", "limit 100 e3", "recovered 50 e4", "limit 110 e5", "exceeded 110 e5",
        ])
    }
  }

  @Test func `a subscription that comes after the usage is told of at once`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.startDaemon().waitUntilReady()
      try scene.send([LimitScene.points("acme", "90")])
      try stack.apply(LimitScene.subscription("acme", Self.block))
      try eventually("it is told") { try scene.told("acme", "kind, used, event_id") == ["warning 90 -"] }
      Thread.sleep(forTimeInterval: 2)
      try scene.send([LimitScene.points("acme", "10")])
      #expect(try scene.told("acme", "kind, used, event_id") == ["warning 90 -", "limit 100 e2"])
    }
  }

  @Test func `a tenant on several partitions is judged on the sum, each threshold once`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(LimitScene.subscription("acme", Self.block))
      _ = try stack.startDaemons(2)
      for round in 0..<3 { try scene.send((0..<4).map { LimitScene.points("acme", "\(round + 7)", partition: $0) }) }
      // 28 + 32 + 36 = 96
      try eventually("the warning is told") { try scene.told("acme", "kind") == ["warning"] }
      try scene.send([LimitScene.points("acme", "4", partition: 2)])
      try eventually("the limit is told") { try scene.told("acme", "kind, used").last == "limit 100" }
      try scene.send([LimitScene.points("acme", "-1", partition: 0)])
      try eventually("it is over") { try scene.told("acme", "kind, used").last == "recovered 99" }
      try scene.send([LimitScene.points("acme", "2", partition: 3)])
      try eventually("it is exceeded") { try scene.told("acme", "kind").suffix(2) == ["limit", "exceeded"] }
      #expect(try scene.told("acme", "kind") == ["warning", "limit", "recovered", "limit", "exceeded"])
    }
  }

  @Test func `a level is judged with each sample, over kills and whatever comes late`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(
        LimitScene.subscription(
          "acme", "{ meter: stored, limit: { mode: block, at: \"100\" }, warn_at: [50, 90] }"))
      func sample(_ disk: String, _ bytes: Int, minutesAgo: Int = 0) -> LimitScene.Event {
        var event = LimitScene.Event(
          tenant: "acme", type: "disk.sample", data: #"{"bytes":\#(bytes),"disk":"\#(disk)"}"#)
        if minutesAgo > 0 {
          event.time = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: TimeInterval(-60 * minutesAgo)))
        }
        return event
      }
      let daemon = try stack.startDaemon().waitUntilReady()
      try scene.send([
        sample("a", 40), sample("b", 15), sample("a", 20), sample("b", 75), sample("c", 5),
        sample("a", 90, minutesAgo: 30),
        sample("c", 1, minutesAgo: 90),
      ])
      let columns = "kind, used, event_id"
      let first = ["warning 55 e2", "warning 95 e4", "limit 100 e5"]
      #expect(try scene.told("acme", columns) == first)
      try daemon.kill9()
      try stack.startDaemon().waitUntilReady()
      try scene.send([sample("d", 9), sample("c", 4), sample("b", 60), sample("b", 80)])
      #expect(
        try scene.told("acme", columns) == first + [
          "exceeded 109 e8", "recovered 93 e10", "limit 113 e11", "exceeded 113 e11",
        ])
      #expect(try stack.database.scalar("select quantity from meterd.period_usage") == "113")
    }
  }

  @Test func `the command line says what is used, and when it will be reached at this rate`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(
        LimitScene.subscription("acme", Self.block).replacing(LimitScene.hour(-2), with: LimitScene.hour(-10)))
      try stack.startDaemon().waitUntilReady()
      // Ten an hour for seven hours, with one spike, which makes no rate.
      try scene.send(
        (1...7).map { hour in
          var event = LimitScene.points("acme", hour == 3 ? "25" : "10")
          event.time = LimitScene.hour(-hour)
          return event
        })
      let outcome = try stack.meterd(["limits", "--json", "--tenant", "acme"])
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome)")
      for (name, value) in [
        ("used", "85"), ("limit", "100"), ("remaining", "15"), ("mode", "block"), ("state", "warning 80"),
        ("plan", "plan_acme"), ("subscription", "sub_acme"),
      ] { #expect(object[name] as? String == value, "\(name)") }
      #expect(object["percent"] as? Double == 85)
      let reached = try #require(ISO8601DateFormatter().date(from: object["reached_at"] as? String ?? ""))
      #expect(abs(reached.timeIntervalSinceNow - 1.5 * 3_600) < 60)
      #expect(try stack.meterd(["limits", "--tenant", "nobody"]).output == "nothing is limited\n")
    }
  }

  @Test func `a shadow is judged and told of as one, and changes nothing else`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      try stack.apply(
        LimitScene.subscription(
          "acme", Self.block, shadow: "{ meter: points, included: \"50\", limit: { mode: block } }"))
      try stack.startDaemon().waitUntilReady()
      try scene.send([LimitScene.points("acme", "60"), LimitScene.points("acme", "20")])
      #expect(
        try scene.told("acme", "kind, used, \"limit\", subscription, shadow")
          == [
            "limit 60 50 shadow_acme t", "exceeded 60 50 shadow_acme t", "warning 80 100 sub_acme f",
          ].sorted { a, b in a.hasPrefix("limit") || (a.hasPrefix("exceeded") && b.hasPrefix("warning")) })
      #expect(
        try stack.database.query("select subscription, quantity from meterd.period_usage") == [["sub_acme", "80"]])
    }
  }

  @Test func `largest values, levels, sets and integrals have limits, too`() throws {
    try Stack.with { stack in
      var scene = LimitScene(stack)
      try stack.apply(LimitScene.meters)
      func limit(_ meter: String, _ at: String) -> String {
        "{ meter: \(meter), limit: { mode: notify, at: \"\(at)\" }, warn_at: [50] }"
      }
      try stack.apply(
        LimitScene.subscription(
          "acme",
          [limit("highest", "10"), limit("stored", "100"), limit("visitors", "2"), limit("rented", "0.001")].joined(
            separator: ", ")))
      try stack.startDaemon().waitUntilReady()
      func event(_ type: String, _ data: String) -> LimitScene.Event {
        LimitScene.Event(tenant: "acme", type: type, data: data)
      }
      try scene.send([
        event("level.seen", #"{"level":4}"#), event("level.seen", #"{"level":7}"#),
        event("level.seen", #"{"level":5}"#),
        event("level.seen", #"{"level":12}"#),
        event("disk.sample", #"{"bytes":60,"disk":"a"}"#), event("page.view", #"{"visitor":"x"}"#),
        event("page.view", #"{"visitor":"x"}"#),
      ])
      try eventually("half is told") {
        try scene.told("acme", "meter, kind, used").sorted() == [
          "highest limit 12", "highest warning 7", "stored warning 60", "visitors warning 1",
        ]
      }
      try scene.send([
        event("disk.sample", #"{"bytes":50,"disk":"b"}"#), event("page.view", #"{"visitor":"y"}"#),
        event("room.sample", #"{"rooms":2,"house":"h"}"#),
      ])
      try eventually("all is told") {
        let told = try scene.told("acme", "meter, kind").sorted()
        return told == [
          "highest limit", "highest warning", "rented limit", "rented warning", "stored limit", "stored warning",
          "visitors limit", "visitors warning",
        ]
      }
      try scene.send([event("disk.sample", #"{"bytes":1,"disk":"b"}"#)])
      try eventually("it is over") { try scene.told("acme", "meter, kind, used").last == "stored recovered 61" }
    }
  }
}
