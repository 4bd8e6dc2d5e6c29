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

  let stack: Stack
  /// The record file that the load wrote.
  let copy: String

  /// Lines that only one side has; empty when every table equals the oracle.
  func differences() throws -> [String] {
    let catalog = try stack.folder.write(Self.catalog, to: "oracle-catalog.yaml")
    let config = try stack.configure()
    let common = ["oracle", "--config", config, "--catalog", catalog, "--json", copy]
    let usage = try lines(try stack.lab(common, within: .seconds(120)))
    let accounting = try lines(try stack.lab(common + ["--accounting"], within: .seconds(120)))
    let quarantine = try lines(try stack.lab(common + ["--quarantine"], within: .seconds(120)))
    return compare(usage, try lines(try stack.meterd(["usage", "--json"], within: .seconds(60))))
      + compare(Set(accounting.map(Self.normal)), Set(try verdicts().map(Self.normal)))
      + compare(Set(quarantine.compactMap(Self.reason)), try reasons())
  }

  /// How many events the oracle sees in the file.
  func events() throws -> Int {
    let catalog = try stack.folder.write(Self.catalog, to: "oracle-catalog.yaml")
    let all = try lines(
      try stack.lab(["oracle", "--config", try stack.configure(), "--catalog", catalog, "--json", "--accounting", copy])
    )
    return try all.reduce(0) { sum, line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return sum + (object?["events"] as? Int ?? 0)
    }
  }

  func waitUntilCounted(_ count: Int, within limit: Duration = .seconds(60)) throws {
    try eventually("all events have a verdict", is: "\(count)", within: limit) {
      (try? stack.database.scalar("select coalesce(sum(events), 0) from meterd.accounting")) ?? "none"
    }
  }

  private func lines(_ outcome: Stack.Outcome) throws -> Set<String> {
    guard outcome.status == 0 else {
      throw StackFailure(at: "expectation", "a program exited with \(outcome.status)", evidence: outcome.errors)
    }
    return Set(outcome.output.split(separator: "\n").map(String.init))
  }

  private func verdicts() throws -> [String] {
    try stack.database.query(
      """
      select json_build_object('topic', topic, 'partition', partition, 'events', events, 'counted', counted, 'late', late,
        'duplicate', duplicate, 'conflict', conflict, 'voided', voided, 'unmetered', unmetered, 'quarantined', quarantined)
      from meterd.accounting where events > 0
      """
    ).compactMap { $0[0] }
  }

  private func reasons() throws -> Set<String> {
    Set(
      try stack.database.query("select partition || ' ' || \"offset\" || ' ' || reason from meterd.quarantine")
        .compactMap { $0[0] })
  }

  private static func reason(_ line: String) -> String? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
      let partition = object["partition"] as? Int, let offset = object["offset"] as? Int,
      let reason = object["reason"] as? String
    else { return nil }
    return "\(partition) \(offset) \(reason)"
  }

  /// The same JSON with its members in one order.
  private static func normal(_ line: String) -> String {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
      let data = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
    else { return line }
    return String(decoding: data, as: UTF8.self)
  }

  private func compare(_ wanted: Set<String>, _ seen: Set<String>) -> [String] {
    wanted.subtracting(seen).sorted().map { "missing: \($0)" }
      + seen.subtracting(wanted).sorted().map { "surplus: \($0)" }
  }
}
