import MeterModel
import MeterOracle

/// A catalog that reaches every rule of the decoder with a few words, in the words of both sides.
enum SmallCatalog {
  private static let definitions = [
    MeterDefinition(name: "count", event: "t", aggregate: .count, dimensions: ["d", "o.k"]),
    MeterDefinition(name: "sum", event: "t", aggregate: .sum, value: "n", scale: 9, dimensions: ["d"]),
    MeterDefinition(name: "fine", event: "t", aggregate: .sum, value: "o.n", scale: 12),
    MeterDefinition(name: "only", event: "c", aggregate: .count),
    MeterDefinition(name: "max", event: "m", aggregate: .max, value: "n", scale: 0, dimensions: ["é"]),
    MeterDefinition(name: "latest", event: "m", aggregate: .latest, value: "n", scale: 3),
    MeterDefinition(name: "min", event: "a.b", aggregate: .min, value: "a.b.c", scale: 1),
  ]

  /// The same types, with other paths, scales and aggregates.
  private static let otherDefinitions = [
    MeterDefinition(name: "fine", event: "t", aggregate: .sum, value: "n", scale: 0, dimensions: ["o.k", "d"]),
    MeterDefinition(name: "deep", event: "c", aggregate: .sum, value: "o.n", scale: 12, dimensions: ["n"]),
    MeterDefinition(name: "unique", event: "m", aggregate: .unique, value: "d"),
    MeterDefinition(name: "count", event: "x", aggregate: .count),
  ]

  static let otherMeters = otherDefinitions.enumerated().map {
    Meter(id: MeterID(Int32($0.offset + 11)), definition: $0.element)
  }

  static let meters = definitions.enumerated().map { Meter(id: MeterID(Int32($0.offset + 1)), definition: $0.element) }

  static let oracleMeters = definitions.map { meter in
    OracleMeter(
      name: OracleText(meter.name), event: OracleText(meter.event),
      aggregate: OracleAggregate(rawValue: meter.aggregate.rawValue) ?? .count,
      value: meter.value.map { OracleText($0) },
      scale: meter.scale, dimensions: meter.dimensions.map { OracleText($0) })
  }
}
