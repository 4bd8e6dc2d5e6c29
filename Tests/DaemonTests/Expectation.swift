import Foundation
import TestStack

/// What the tables must say, from the oracle, and what they do say.
struct Expectation {
  /// Keys are those of the lab's stream; the catalog that goes with it.
  static let catalog = """
    meters:
      - { name: api_calls, event: api.call, aggregate: count, dimensions: [endpoint, region] }
      - { name: api_latency, event: api.call, aggregate: sum, value: latency_ms, scale: 3, dimensions: [method] }
      - { name: tokens, event: llm.tokens, aggregate: sum, value: tokens, scale: 0, dimensions: [model] }
      - { name: storage_samples, event: storage.sample, aggregate: sum, value: gigabytes, dimensions: [volume] }
    """

  /// Bytes, as strings would take two spellings of one character for the same.
  private typealias Line = [UInt8]

  let stack: Stack
  /// The record file that the load wrote.
  let copy: String
  var catalog = Self.catalog
  /// What the daemon was told beside the stack's own.
  var settings: [String: String] = [:]

  init(stack: Stack, copy: String) {
    self.stack = stack
    self.copy = copy
  }

  /// Lines that only one side has; empty when every table equals the oracle.
  func differences() throws -> [String] {
    let catalog = try stack.folder.write(catalog, to: "oracle-catalog.yaml")
    let config = try stack.configure(settings)
    let common = ["oracle", "--config", config, "--catalog", catalog, "--json", copy]
    let usage = try lines(try stack.lab(common))
    let accounting = try lines(try stack.lab(common + ["--accounting"]))
    let quarantine = try lines(try stack.lab(common + ["--quarantine"]))
    return compare(usage, try lines(try stack.meterd(["usage", "--json"])))
      + compare(Set(accounting.map(Self.normal)), Set(try verdicts().map(Self.normal)))
      + compare(Set(quarantine.compactMap(Self.reason)), try reasons())
  }

  /// How many events the oracle sees in the file.
  func events() throws -> Int {
    let catalog = try stack.folder.write(catalog, to: "oracle-catalog.yaml")
    let all = try lines(
      try stack.lab(["oracle", "--config", try stack.configure(), "--catalog", catalog, "--json", "--accounting", copy])
    )
    return try all.reduce(0) { sum, line in
      let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
      return sum + (object?["events"] as? Int ?? 0)
    }
  }

  /// How many records the file holds; each record of a load is one event.
  func records() throws -> Int {
    try String(contentsOfFile: copy, encoding: .utf8).utf8.count { $0 == UInt8(ascii: "\n") }
  }

  func waitUntilCounted(_ count: Int, within limit: Duration = .patience) throws {
    try eventually("all events have a verdict", is: "\(count)", within: limit) {
      (try? stack.database.scalar("select coalesce(sum(events), 0) from meterd.accounting")) ?? "none"
    }
  }

  private func lines(_ outcome: Stack.Outcome) throws -> Set<Line> {
    guard outcome.status == 0 else {
      throw StackFailure(at: "expectation", "a program exited with \(outcome.status)", evidence: outcome.errors)
    }
    return Set(outcome.output.utf8.split(separator: UInt8(ascii: "\n")).map(Line.init))
  }

  private func verdicts() throws -> [Line] {
    try stack.database.query(
      """
      select json_build_object('topic', topic, 'partition', partition, 'events', events, 'counted', counted, 'late', late,
        'duplicate', duplicate, 'conflict', conflict, 'voided', voided, 'unmetered', unmetered, 'quarantined', quarantined)
      from meterd.accounting where events > 0
      """
    ).compactMap { $0[0].map { Line($0.utf8) } }
  }

  private func reasons() throws -> Set<Line> {
    Set(
      try stack.database.query("select partition || ' ' || \"offset\" || ' ' || reason from meterd.quarantine")
        .compactMap { $0[0].map { Line($0.utf8) } })
  }

  private static func reason(_ line: Line) -> Line? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
      let partition = object["partition"] as? Int, let offset = object["offset"] as? Int,
      let reason = object["reason"] as? String
    else { return nil }
    return Line("\(partition) \(offset) \(reason)".utf8)
  }

  /// The same JSON with its members in one order.
  private static func normal(_ line: Line) -> Line {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line)),
      let data = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
    else { return line }
    return Line(data)
  }

  private func compare(_ wanted: Set<Line>, _ seen: Set<Line>) -> [String] {
    wanted.subtracting(seen).map { "missing: \(String(decoding: $0, as: UTF8.self))" }.sorted()
      + seen.subtracting(wanted).map { "surplus: \(String(decoding: $0, as: UTF8.self))" }.sorted()
  }
}

extension Daemon {
  /// How many events this daemon has given a verdict, committed or not.
  func counted() throws -> Int {
    try get("/metrics").body.split(separator: "\n").filter { $0.hasPrefix("meterd_events_total{") }
      .reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
  }
}
