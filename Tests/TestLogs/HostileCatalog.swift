import MeterModel
import MeterOracle
import TestDice

/// Several meters for each type of the laboratory's stream and for those of our own, as both sides know them.
public struct HostileCatalog: Sendable {
  private typealias Row = (
    event: String, aggregate: MeterDefinition.Aggregate, value: String?, scale: Int, dimensions: [String]
  )

  /// What counts, adds up or is compared.
  private static let plain: [Row] = [
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

  /// What keeps more than one number a window. Each makes the events of its type uncorrectable.
  private static let keeping: [Row] = [
    ("storage.sample", .timeWeighted, "gigabytes", 3, ["volume"]),
    ("storage.sample", .latest, "gigabytes", 3, []),
    ("storage.sample", .max, "gigabytes", 6, ["volume"]),
    (HostileEvent.levelType, .timeWeighted, "v.n", 6, ["d"]),
    (HostileEvent.levelType, .unique, "v.d", 9, []),
    (HostileEvent.type, .unique, "v.n", 9, ["d"]),
    ("llm.tokens", .unique, "model", 9, ["direction"]),
  ]

  public let meters: [Meter]
  public let oracleMeters: [OracleMeter]

  /// All that counts, adds up or is compared.
  public static let whole = HostileCatalog(plain)
  public static let meters = whole.meters
  public static let oracleMeters = whole.oracleMeters

  /// Some meters of every aggregate, few enough that many logs can be counted.
  public static func drawn(_ dice: inout Dice) -> HostileCatalog {
    let some = plain.filter { _ in dice.once(in: 3) } + keeping.filter { _ in dice.once(in: 3) }
    return HostileCatalog(some.isEmpty ? [plain[0]] : some)
  }

  private init(_ rows: [Row]) {
    meters = rows.enumerated().map { index, row in
      Meter(
        id: MeterID(Int32(index) * 7 - 3),
        definition: MeterDefinition(
          name: "m\(index)", event: row.event, aggregate: row.aggregate, value: row.value, scale: row.scale,
          dimensions: row.dimensions, hold: row.aggregate == .timeWeighted ? Self.hold : nil))
    }
    oracleMeters = meters.map { meter in
      let definition = meter.definition
      return OracleMeter(
        name: OracleText(definition.name), event: OracleText(definition.event),
        aggregate: OracleAggregate(definition.aggregate), value: definition.value.map { OracleText($0) },
        scale: definition.scale, dimensions: definition.dimensions.map { OracleText($0) },
        hold: definition.hold.map { .nanoseconds($0.nanoseconds) })
    }
  }

  /// A level for ever would fill every window between a late sample and now.
  private static let hold = TimeSpan.minutes(7)
}

extension OracleAggregate {
  public init(_ aggregate: MeterDefinition.Aggregate) {
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
