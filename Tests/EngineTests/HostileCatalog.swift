import MeterModel
import MeterOracle

/// Several meters for each type of the laboratory's stream and for one of our own, as both sides know them.
enum HostileCatalog {
  private typealias Row = (
    event: String, aggregate: MeterDefinition.Aggregate, value: String?, scale: Int, dimensions: [String]
  )

  private static let rows: [Row] = [
    ("api.call", .count, nil, 9, ["endpoint", "region"]),
    ("api.call", .count, nil, 9, []),
    ("api.call", .sum, "latency_ms", 3, ["status"]),
    ("llm.tokens", .sum, "tokens", 0, ["model", "direction"]),
    ("llm.tokens", .count, nil, 0, ["model"]),
    ("chain.deployment", .count, nil, 9, ["chain", "region", "absent"]),
    ("storage.sample", .sum, "gigabytes", 3, ["volume"]),
    ("storage.sample", .sum, "gigabytes", 12, []),
    (HostileEvent.levelType, .latest, "v.n", 9, ["d"]),
    (HostileEvent.levelType, .max, "v.n", 9, ["v.d"]),
    (HostileEvent.levelType, .min, "v.n", 2, []),
    (HostileEvent.levelType, .count, nil, 0, ["d"]),
    (HostileEvent.type, .sum, "v.n", 9, ["d", "v.d"]),
    (HostileEvent.type, .sum, "v.n", 2, []),
    (HostileEvent.type, .count, nil, 9, ["v.d"]),
    (HostileEvent.strictType, .sum, "v.n", 0, ["d"]),
    (HostileEvent.strictType, .count, nil, 9, ["v.d", "caf\u{E9}", "cafe\u{301}"]),
  ]

  static let meters: [Meter] = rows.enumerated().map { index, row in
    Meter(
      id: MeterID(Int32(index) * 7 - 3),
      definition: MeterDefinition(
        name: "m\(index)", event: row.event, aggregate: row.aggregate, value: row.value, scale: row.scale,
        dimensions: row.dimensions))
  }

  static let oracleMeters: [OracleMeter] = rows.enumerated().map { index, row in
    OracleMeter(
      name: "m\(index)", event: OracleText(row.event), aggregate: OracleAggregate(row.aggregate),
      value: row.value.map { OracleText($0) }, scale: row.scale, dimensions: row.dimensions.map { OracleText($0) })
  }
}

extension OracleAggregate {
  init(_ aggregate: MeterDefinition.Aggregate) {
    switch aggregate {
    case .count: self = .count
    case .sum: self = .sum
    case .max: self = .max
    case .min: self = .min
    case .latest: self = .latest
    case .unique: self = .unique
    case .timeWeighted: self = .timeWeighted
    }
  }
}
