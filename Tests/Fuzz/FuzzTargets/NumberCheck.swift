import MeterModel

@testable import MeterOracle
@testable import MeterWire

/// A number's text means the same units to the fast reader as by school arithmetic, and so does what is printed of it.
enum NumberCheck {
  static func run(_ bytes: [UInt8]) throws(Contradiction) {
    for scale in 0...MeterDefinition.scaleMax {
      let outcome = parse(bytes, scale)
      let expected = expected(bytes, scale)
      try require(outcome == expected, "at scale \(scale) it is \(outcome), by school \(expected)")
      guard case .units(let units) = outcome else { continue }
      try require(units.magnitude < Quantity.bound.magnitude, "\(units) has more than 38 digits")
      let text = MeterModel.Quantity(units: units, scale: scale).description
      try require(parse(Array(text.utf8), scale) == outcome, "\(units) at scale \(scale) prints as \(text)")
      let mirrored = bytes.first == UInt8(ascii: "-") ? Array(bytes.dropFirst()) : Array("-".utf8) + bytes
      try require(parse(mirrored, scale) == .units(-units), "\(units) at scale \(scale) has no opposite")
    }
  }

  private typealias Quantity = MeterModel.Quantity

  /// Digits on both sides must not be taken for part of the number.
  private static func parse(_ text: [UInt8], _ scale: Int) -> DecimalText.Outcome {
    let arena = Array("99".utf8) + text + Array("99".utf8) + [UInt8](repeating: 0, count: RecordBatch.padding)
    return DecimalText.parse(arena.span, from: 2, to: text.count + 2, scale: scale)
  }

  private static func expected(_ text: [UInt8], _ scale: Int) -> DecimalText.Outcome {
    guard let number = MeterOracle.JSONNumber(text) else { return .notNumber }
    if number.digits.isEmpty { return .units(0) }
    let zeros = number.exponent + scale
    if zeros < 0 { return .tooFine }
    if number.digits.count + zeros > Measurement.digitsMax { return number.isNegative ? .tooFarBelow : .tooLarge }
    var units = number.digits.reduce(Int128(0)) { $0 * 10 + Int128($1) }
    for _ in 0..<zeros { units *= 10 }
    return .units(number.isNegative ? -units : units)
  }
}
