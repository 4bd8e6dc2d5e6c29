import Foundation
import TestDice
import TestStack
import Testing

/// `meterd quarantine` and `meterd verify`, against running daemons.
@Suite(.serialized) struct QuarantineTests {
  @Test
  func `a void that came before its original is applied when it is replayed, by the owner and within two seconds`()
    throws
  {
    try QuarantineStand.with { stand in
      try stand.start()
      let id = try stand.holdVoid("c1")
      #expect(try stand.verdicts() == ["counted": 1, "quarantined": 1])
      let asked = ContinuousClock.now
      let outcome = try stand.meterd(["replay", "\(id)", "--wait", "60s"])
      #expect(outcome.output == "\(id) voided\n" && outcome.status == 0, "\(outcome)")
      #expect(ContinuousClock.now - asked < .promised(.seconds(3)))
      #expect(try stand.verdicts() == ["counted": 1, "voided": 1])
      #expect(
        try stand.stack.database.query("select quantity, events from meterd.usage where tenant = 'acme'") == [
          ["0", "0"]
        ])
      // It is remembered: sent again, it is a duplicate.
      try stand.produce([stand.void("c1")])
      try stand.waitForEvents(3)
      #expect(try stand.verdicts() == ["counted": 1, "voided": 1, "duplicate": 1])
      #expect(try stand.state(id) == "replayed")
      try stand.expectOrder()
    }
  }

  @Test func `still bad, an event stays held, and a person is told why`() throws {
    try QuarantineStand.with { stand in
      try stand.start()
      try stand.produce([stand.usage("a", data: #"{"n":1.5}"#, type: "whole"), stand.usage("b")])
      try stand.waitForEvents(2)
      let id = try stand.heldIDs()[0]
      let outcome = try stand.meterd(["replay", "\(id)", "--wait", "60s", "--json"])
      #expect(outcome.status == 0)
      #expect(
        outcome.output.contains(
          #""id":\#(id),"outcome":"held","verdict":"quarantined","events":1,"reason":"bad_value""#),
        "\(outcome)")
      #expect(try stand.verdicts() == ["counted": 1, "quarantined": 1])
      #expect(try stand.meterd(["list"]).output.contains("bad_value"))
      try stand.expectOrder()
    }
  }

  @Test func `a batch that was too large counts as what is in it once it may be larger`() throws {
    try QuarantineStand.with { stand in
      try stand.start(["events.max_size": "1KiB"])
      let batch = "[" + (0..<20).map { stand.usage("e\($0)") }.joined(separator: ",") + "]"
      try stand.produce([batch])
      try stand.waitForEvents(1)
      #expect(try stand.verdicts() == ["quarantined": 1])
      try stand.stopDaemon()
      try stand.start()
      let outcome = try stand.meterd(["replay", "--reason", "too_large", "--yes", "--wait", "60s"])
      #expect(outcome.status == 0 && outcome.output.hasSuffix(" 20 events\n"), "\(outcome)")
      #expect(try stand.verdicts() == ["counted": 20])
      try stand.expectOrder()
    }
  }

  @Test func `what is asked for while nobody owns the partition is done when somebody does`() throws {
    try QuarantineStand.with { stand in
      try stand.start()
      let id = try stand.holdVoid("c1")
      try stand.stopDaemon()
      let outcome = try stand.meterd(["replay", "\(id)", "--wait", "200ms"])
      #expect(outcome.status == 69 && outcome.output == "\(id) waiting\n", "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
      #expect(try stand.meterd(["discard", "\(id)"]).status == 64)
      try stand.start()
      try eventually("the replay is done", is: "replayed") { try stand.state(id) }
      #expect(try stand.verdicts() == ["counted": 1, "voided": 1])
      try stand.expectOrder()
    }
  }

  @Test func `events are listed, shown and discarded, and who did it is in the audit`() throws {
    try QuarantineStand.with { stand in
      try stand.start()
      try stand.produce([#"{"no":"event \u001b[2J"}"#, "not json \u{1B}[31m", stand.usage("b")])
      try stand.waitForEvents(3)
      let ids = try stand.heldIDs()
      let list = try stand.meterd(["list", "--json"]).output.split(separator: "\n")
      #expect(list.count == 2)
      #expect(list[1].contains(#""reason":"not_json""#) && list[1].contains(#""state":"held""#))
      #expect(try stand.meterd(["list", "--reason", "not_json"]).output.split(separator: "\n").count == 2)
      let shown = try stand.meterd(["show", "\(ids[1])"])
      #expect(shown.status == 0 && shown.output.contains("not json") && !shown.output.contains("\u{1B}"), "\(shown)")
      let json = try stand.meterd(["show", "\(ids[1])", "--json"]).output
      let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
      #expect((object?["payload"] as? String).flatMap { Data(base64Encoded: $0) } == Data("not json \u{1B}[31m".utf8))

      #expect(try stand.meterd(["discard", "--all"]).status == 64)
      let discarded = try stand.meterd(["discard", "\(ids[0])", "4711", "--json"])
      #expect(discarded.status == 64)
      #expect(discarded.output.contains(#"{"id":\#(ids[0]),"outcome":"discarded"}"#))
      #expect(discarded.output.contains(#"{"id":4711,"outcome":"unknown"}"#))
      #expect(try stand.meterd(["discard", "--all", "--yes"]).output == "\(ids[1]) discarded\n")
      #expect(try stand.meterd(["replay", "\(ids[1])"]).status == 64)
      #expect(try stand.meterd(["list"]).output == "nothing is held\n")
      #expect(try stand.verdicts() == ["counted": 1, "quarantined": 2])
      #expect(
        try stand.stack.database.scalar("select count(*) from meterd.audit where action = 'quarantine.discard'") == "2")
      try stand.expectOrder()
    }
  }

  @Test(arguments: [
    (["quarantine", "show"], "ID is missing"), (["quarantine", "show", "x"], "'x' is no id"),
    (["quarantine", "replay"], "no event was named"),
    (["quarantine", "replay", "1", "--all"], "both named and described"),
    (["quarantine", "list", "--reason", "bad"], "takes a reason"),
    (["quarantine", "list", "--state", "gone"], "takes"),
    (["quarantine", "discard", "--wait", "1s"], "unknown option"), (["verify", "now"], "unexpected argument"),
  ])
  func `what makes no sense is told in one line`(_ words: [String], _ problem: String) throws {
    try QuarantineStand.with { stand in
      let outcome = try stand.stack.meterd(words)
      #expect(outcome.status == 64 && outcome.errors.contains(problem), "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }

  @Test func `verify names a difference, and exits with 70`() throws {
    try QuarantineStand.with { stand in
      try stand.start()
      try stand.produce([stand.usage("a")])
      try stand.waitForEvents(1)
      let clean = try stand.stack.meterd(["verify"])
      #expect(clean.status == 0 && clean.output.hasPrefix("everything adds up: "), "\(clean)")
      try stand.stack.database.execute("update meterd.partition set counted = counted + 1 where counted = 1")
      let damaged = try stand.stack.meterd(["verify"])
      #expect(damaged.status == 70)
      #expect(
        damaged.output.split(separator: "\n").count == 2 && damaged.output.contains("usage.events["), "\(damaged)")
      #expect(damaged.errors.split(separator: "\n").count == 1)
      #expect(try stand.stack.meterd(["verify", "--json"]).output.hasPrefix(#"{"subject":"usage.events["#))
      #expect(try stand.stack.meterd(["verify", "--help"]).output.contains("70"))
    }
  }

  /// The flush with a replay stalls on its way, or its answer does, or the kill comes at any moment; the next daemon takes over.
  @Test func `killed in the middle of a replay, it is done once`() throws {
    try QuarantineStand.with { stand in
      var dice = Dice(1)
      let rounds = 9
      var stale = 0
      for round in 0..<rounds {
        try stand.start(throughProxy: true)
        let id = try stand.holdVoid("round-\(round)")
        let proxy = try #require(stand.proxy)
        let trap: ByteProxy.Trap? =
          switch round % 3 {
          case 0: proxy.on(.toServer, containing: "call meterd.apply", do: .stall)
          case 1: proxy.on(.toClient, containing: "CALL\0", do: .stall)
          default: nil
          }
        #expect(try stand.meterd(["replay", "\(id)", "--wait", "0s"]).status == 69)
        if let trap { try trap.waitForHit() } else { Thread.sleep(forTimeInterval: Double(dice.below(1_500)) / 1_000) }
        try stand.killDaemon()
        try stand.start(throughProxy: true)
        let late = proxy.on(.toServer, containing: "call meterd.apply", .afterForwarding, times: 100, do: .run {})
        // What was stalled arrives behind its successor's claim.
        proxy.release()
        try eventually("the end of every session of the dead", is: 0) { proxy.open }
        stale += late.hits
        proxy.close()
        try eventually("the replay is done", is: "replayed") { try stand.state(id) }
        try stand.killDaemon()
      }
      #expect(try stand.verdicts() == ["counted": rounds, "voided": rounds])
      #expect(
        try stand.stack.database.scalar("select count(*) from meterd.usage where quantity <> 0 or events <> 0") == "0")
      #expect(try stand.stack.database.scalar("select count(*) from meterd.replay") == "\(rounds)")
      #expect(stale >= rounds / 3)
      try stand.expectOrder()
      print(
        "\(rounds) kills in the middle of a replay, \(stale) stale flushes reached PostgreSQL after their daemon's death"
      )
    }
  }
}

/// A stack with daemons that follow each other, and events written by hand.
final class QuarantineStand {
  static let catalog = """
    meters:
      - { name: calls, event: api.call, aggregate: count }
      - { name: whole, event: whole, aggregate: sum, value: n, scale: 0 }
    """

  let stack: Stack
  private(set) var proxy: ByteProxy?
  private var daemon: Daemon?
  private var starts = 0
  private var files = 0

  static func with(_ body: (QuarantineStand) throws -> Void) throws {
    let stand = QuarantineStand(try Stack(topics: ["usage.events": 1]))
    defer {
      stand.stack.stop()
      stand.proxy?.close()
    }
    try stand.stack.apply(catalog)
    try body(stand)
  }

  private init(_ stack: Stack) { self.stack = stack }

  // Daemons.

  /// A group for each: the laboratory's broker takes seconds to notice a dead member.
  func start(_ overrides: [String: String] = [:], throughProxy: Bool = false) throws {
    starts += 1
    var settings = overrides
    settings["kafka.group"] = "stand-\(starts)"
    if throughProxy {
      let proxy = try ByteProxy(to: "127.0.0.1:\(PostgresCluster.shared.port)")
      let name = stack.databaseURL.split(separator: "/").last.map(String.init) ?? ""
      settings["postgres.url"] =
        "postgresql://postgres@127.0.0.1:\(proxy.port)/\(name)?sslmode=disable&gssencmode=disable"
      self.proxy = proxy
    }
    daemon = try stack.startDaemon(settings).waitUntilReady()
  }

  func stopDaemon() throws { #expect(try daemon?.stop() == .exited(0)) }
  func killDaemon() throws { _ = try daemon?.kill9() }

  /// `meterd quarantine …`
  func meterd(_ words: [String]) throws -> Stack.Outcome { try stack.meterd(["quarantine"] + words) }

  // Events.

  private let time = Date(timeIntervalSinceNow: -60).formatted(.iso8601)

  func usage(_ id: String, data: String = "{}", type: String = "api.call", more: String = "") -> String {
    #"{"specversion":"1.0","id":"\#(id)","source":"/s","type":"\#(type)","subject":"acme","time":"\#(time)","data":\#(data)\#(more)}"#
  }

  func void(_ id: String) -> String { usage("void-\(id)", more: #","correction":"void","corrects":"\#(id)""#) }

  func produce(_ values: [String]) throws {
    files += 1
    let stamp = Int64(Date().timeIntervalSince1970 * 1_000)
    let lines = try values.enumerated().map { offset, value in
      let text = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
      return #"{"partition":0,"offset":\#(offset),"timestamp":\#(stamp),"key":"acme","headers":[],"value":\#(text)}"#
    }
    let file = try stack.folder.write(lines.joined(separator: "\n") + "\n", to: "produced-\(files).ndjson")
    let outcome = try stack.lab(["load", "--brokers", stack.brokers, "--topic", "usage.events", "--from", file])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// A void that comes before its original; returns its id in quarantine.
  func holdVoid(_ id: String) throws -> Int64 {
    let before = try events()
    try produce([void(id), usage(id)])
    try waitForEvents(before + 2)
    return try #require(try heldIDs().last)
  }

  // The tables.

  private func events() throws -> Int {
    Int(try stack.database.scalar("select coalesce(sum(events), 0) from meterd.accounting") ?? "") ?? 0
  }

  func waitForEvents(_ count: Int) throws { try eventually("events with a verdict", is: count) { try events() } }

  func heldIDs() throws -> [Int64] {
    try stack.database.query("select id from meterd.quarantine where state = 'held' order by id").compactMap {
      $0[0].flatMap { Int64($0) }
    }
  }

  func state(_ id: Int64) throws -> String {
    try stack.database.scalar("select state from meterd.quarantine where id = \(id)") ?? ""
  }

  /// Those that are not zero.
  func verdicts() throws -> [String: Int] {
    let names = ["counted", "late", "duplicate", "conflict", "voided", "unmetered", "quarantined"]
    let row = try stack.database.query("select \(names.joined(separator: ", ")) from meterd.accounting")[0]
    return Dictionary(uniqueKeysWithValues: zip(names, row.map { Int($0 ?? "") ?? -1 })).filter { $0.value != 0 }
  }

  func expectOrder() throws {
    let outcome = try stack.meterd(["verify"])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }
}
