import MeterOracle
import TestLogs

/// The meters of every round, as the daemon and the recount are told them: every aggregate, and enough of those that can be corrected.
struct ChaosCatalog {
  private struct Row {
    let name: String
    let event: String
    let aggregate: String
    let oracle: OracleAggregate
    var value: String?
    var scale = 9
    var dimensions: [String] = []
  }

  private static let rows = [
    Row(name: "calls", event: "api.call", aggregate: "count", oracle: .count, dimensions: ["endpoint", "region"]),
    Row(
      name: "latency", event: "api.call", aggregate: "sum", oracle: .sum, value: "latency_ms", scale: 3,
      dimensions: ["status"]),
    Row(
      name: "tokens", event: "llm.tokens", aggregate: "sum", oracle: .sum, value: "tokens", scale: 0,
      dimensions: ["model", "direction"]),
    Row(name: "requests", event: "llm.tokens", aggregate: "count", oracle: .count),
    Row(
      name: "deployments", event: "chain.deployment", aggregate: "count", oracle: .count,
      dimensions: ["chain", "region", "absent"]),
    Row(
      name: "regions", event: "chain.deployment", aggregate: "unique", oracle: .unique, value: "region",
      dimensions: ["chain"]),
    Row(
      name: "storage", event: "storage.sample", aggregate: "time_weighted", oracle: .timeWeighted, value: "gigabytes",
      scale: 3, dimensions: ["volume"]),
    Row(name: "volume", event: "storage.sample", aggregate: "latest", oracle: .latest, value: "gigabytes", scale: 3),
    Row(
      name: "largest", event: "storage.sample", aggregate: "max", oracle: .max, value: "gigabytes", scale: 6,
      dimensions: ["volume"]),
    Row(name: "smallest", event: "storage.sample", aggregate: "min", oracle: .min, value: "gigabytes", scale: 3),
    Row(
      name: "level", event: HostileEvent.levelType, aggregate: "time_weighted", oracle: .timeWeighted, value: "v.n",
      scale: 6, dimensions: ["d"]),
    Row(name: "values", event: HostileEvent.levelType, aggregate: "unique", oracle: .unique, value: "v.d"),
    Row(
      name: "amount", event: HostileEvent.type, aggregate: "sum", oracle: .sum, value: "v.n", dimensions: ["d", "v.d"]),
    Row(name: "cents", event: HostileEvent.type, aggregate: "sum", oracle: .sum, value: "v.n", scale: 2),
    Row(
      name: "strict", event: HostileEvent.strictType, aggregate: "sum", oracle: .sum, value: "v.n", scale: 0,
      dimensions: ["d"]),
    Row(
      name: "spelled", event: HostileEvent.strictType, aggregate: "count", oracle: .count,
      dimensions: ["v.d", "caf\u{E9}", "cafe\u{301}"]),
  ]

  /// A level for ever would fill every window from a late sample to now.
  private static let holdMinutes = 7

  /// With subscriptions for some of the tenants, so that periods are added to in most flushes and looked for in vain in others.
  static let yaml = meters + plans

  private static let subscribers = ["acme", "caf\u{E9}", "cafe\u{301}"] + (1...150).map { "tenant-\(padded($0))" }

  private static func padded(_ number: Int) -> String {
    String(repeating: "0", count: 4 - String(number).utf8.count) + String(number)
  }

  private static let plans =
    "plans: [{ name: plan, version: 1, currency: EUR, usage: [{ meter: calls, included: \"100\" }] }]\ntenants:\n"
    + subscribers.map { "  - { id: \"\($0)\", time_zone: Europe/Berlin }\n" }.joined() + "subscriptions:\n"
    + subscribers.enumerated().map { number, tenant in
      "  - { id: s\(number), tenant: \"\(tenant)\", plan: plan, starts_at: 2025-11-30T00:00:00+01:00 }\n"
    }.joined()

  private static let meters =
    "meters:\n"
    + rows.map { row in
      var fields = ["name: \(row.name)", "event: \"\(row.event)\"", "aggregate: \(row.aggregate)"]
      if let value = row.value { fields.append("value: \(value)") }
      if row.oracle != .count, row.oracle != .unique { fields.append("scale: \(row.scale)") }
      if !row.dimensions.isEmpty { fields.append("dimensions: [\(row.dimensions.joined(separator: ", "))]") }
      if row.oracle == .timeWeighted { fields.append("hold: \(holdMinutes)m") }
      return "  - { \(fields.joined(separator: ", ")) }\n"
    }.joined()

  static let oracleMeters = rows.map { row in
    OracleMeter(
      name: OracleText(row.name), event: OracleText(row.event), aggregate: row.oracle,
      value: row.value.map { OracleText($0) }, scale: row.scale, dimensions: row.dimensions.map { OracleText($0) },
      hold: row.oracle == .timeWeighted ? .seconds(holdMinutes * 60) : nil)
  }

  /// What the daemon and the recount must be told alike.
  static let settings = [
    "rollup.window": "1h", "dedupe.window": "30m", "time.max_past": "35d", "time.max_future": "10m",
    "events.max_size": "4KiB", "series.max_per_meter": "12",
  ]

  static func oracleSettings(now: OracleInstant) -> OracleSettings {
    var settings = OracleSettings(now: now)
    settings.rollupWindow = .seconds(3_600)
    settings.dedupeWindow = .seconds(1_800)
    settings.maxPast = .seconds(35 * 86_400)
    settings.maxFuture = .seconds(600)
    settings.maxEventBytes = 4_096
    settings.maxSeriesPerMeter = 12
    settings.forgetting = .bySixteenths
    return settings
  }
}
