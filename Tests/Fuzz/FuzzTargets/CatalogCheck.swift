import MeterModel

@testable import MeterConfig
@testable import MeterWire

/// A catalog is taken or complained of; one that is taken keeps every bound, survives being written out and read again,
/// and compiles to rules.
enum CatalogCheck {
  private static let all = Set(MeterDefinition.Aggregate.allCases)

  static func run(_ bytes: [UInt8]) throws(Contradiction) {
    let (meters, complaint) = read(bytes)
    let (again, sameComplaint) = read(bytes)
    try require(meters == again && complaint == sameComplaint, "the same file read twice differs")
    if let complaint {
      return try ComplaintCheck.run(complaint, status: .input, head: "catalog: c.yaml", bytes)
    }
    guard let meters else { return }
    for meter in meters { try check(meter) }
    let names = Set(meters.map(\.name))
    try require(names.count == meters.count, "two meters share a name")
    let (reread, fault) = read(Array(text(meters).utf8))
    try require(reread == meters, "written out it reads otherwise: \(fault?.description ?? "other meters")")
    let numbered = meters.enumerated().map { Meter(id: MeterID(Int32($0.offset + 1)), definition: $0.element) }
    let rules = MeterRules(meters: numbered, seed: 7)
    try require(rules.measures.count == meters.count, "a meter has no rule")
  }

  private static func read(_ bytes: [UInt8]) -> ([MeterDefinition]?, Complaint?) {
    do throws(Complaint) {
      return (try CatalogFile.parse(bytes, file: "c.yaml", aggregates: all).definitions, nil)
    } catch {
      return (nil, error)
    }
  }

  private static func check(_ meter: MeterDefinition) throws(Contradiction) {
    try require((1...64).contains(meter.name.utf8.count), "a name of \(meter.name.utf8.count) bytes")
    try require((1...128).contains(meter.event.utf8.count), "an event of \(meter.event.utf8.count) bytes")
    try require((0...MeterDefinition.scaleMax).contains(meter.scale), "scale \(meter.scale)")
    try require((meter.value != nil) == meter.aggregate.needsValue, "\(meter.aggregate) and \(meter.value ?? "none")")
    try require(meter.dimensions.count <= MeterRules.dimensionsMax, "\(meter.dimensions.count) dimensions")
    try require(Set(meter.dimensions.map { Array($0.utf8) }).count == meter.dimensions.count, "a dimension twice")
    for path in meter.dimensions + [meter.value].compactMap({ $0 }) {
      let steps = path.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      try require(path.utf8.count <= 256 && steps.allSatisfy { !$0.isEmpty }, "the path '\(path)'")
    }
  }

  private static func text(_ meters: [MeterDefinition]) -> String {
    if meters.isEmpty { return "meters: []\n" }
    return meters.reduce("meters:\n") { text, meter in
      var fields = [
        "name: \(quotedYAML(meter.name))", "event: \(quotedYAML(meter.event))",
        "aggregate: \(meter.aggregate.rawValue)",
        "scale: \(meter.scale)", "dimensions: [" + meter.dimensions.map(quotedYAML).joined(separator: ", ") + "]",
      ]
      if let value = meter.value { fields.append("value: \(quotedYAML(value))") }
      if let unit = meter.unit { fields.append("unit: \(quotedYAML(unit))") }
      if let hold = meter.hold { fields.append("hold: \(hold.text)") }
      return text + "  - { " + fields.joined(separator: ", ") + " }\n"
    }
  }

  /// Everything that is not plain ASCII by its number.
  private static func quotedYAML(_ text: String) -> String {
    let letters = text.unicodeScalars.map { scalar in
      if scalar == "\"" || scalar == "\\" { return "\\" + String(scalar) }
      if (0x20...0x7E).contains(scalar.value) { return String(scalar) }
      let digits = String(scalar.value, radix: 16)
      return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    }
    return "\"" + letters.joined() + "\""
  }
}
