/// Takes from an event what its meters want of it: the step "value".
enum Measurement {
  /// `numeric(38, scale)` holds 38 digits in all.
  static let digitsMax = 38
  static let dimensionBytesMax = 256

  static func fits(_ units: WholeNumber) -> Bool {
    units.digits.count <= digitsMax
  }

  static func quantity(for meter: OracleMeter, of event: Event) throws(Refusal) -> Quantity {
    guard meter.aggregate != .count, let path = meter.value else { return .event }
    let found = event.data.find(path.pathSteps)
    guard case .one(let value) = found else {
      if case .twice = found { throw Refusal(.badValue, "'\(path)' comes twice") }
      throw Refusal(.badValue, "'\(path)' is missing")
    }

    if meter.aggregate == .unique {
      // Choice: by its text, so 1 and "1" are one value; any length and any characters will do, and none at all.
      guard let text = value.scalarText else { throw Refusal(.badValue, "'\(path)' is not a scalar") }
      return .text(text)
    }

    let text: [UInt8]
    switch value {
    case .number(let written): text = written
    case .string(let written): text = written.bytes
    default: throw Refusal(.badValue, "'\(path)' is neither a number nor a numeric string")
    }
    guard let number = JSONNumber(text) else { throw Refusal(.badValue, "'\(path)' is not a number as JSON writes it") }
    let units = try units(of: number, for: meter, event)
    return meter.aggregate == .sum ? .addend(units) : .level(units)
  }

  /// The number times 10^scale. Choice: of several faults, fraction digits come first, then the sign, then the size; and
  /// "exponents that leave the range" are judged by the value: too small a number has too many fraction digits, too
  /// large a one is an overflow, and zero is zero whatever its exponent.
  private static func units(
    of number: JSONNumber, for meter: OracleMeter, _ event: Event
  ) throws(Refusal) -> WholeNumber {
    if number.digits.isEmpty { return .zero }
    let zeros = number.exponent + meter.scale
    if zeros < 0 { throw Refusal(.badValue, "more than \(meter.scale) fraction digits") }
    if number.isNegative {
      guard case .adjust = event.correction else { throw Refusal(.badValue, "negative, and no adjust") }
    }
    if number.digits.count + zeros > digitsMax {
      throw Refusal(.overflow, "the value is beyond numeric(\(digitsMax), \(meter.scale))")
    }
    return WholeNumber(isNegative: number.isNegative, digits: number.digits + [UInt8](repeating: 0, count: zeros))
  }

  /// The dimension values in the order of the meter's dimensions.
  static func dimensions(for meter: OracleMeter, of event: Event) throws(Refusal) -> [OracleText] {
    var values: [OracleText] = []
    for path in meter.dimensions {
      values.append(try dimension(path, of: event))
    }
    return values
  }

  private static func dimension(_ path: OracleText, of event: Event) throws(Refusal) -> OracleText {
    switch event.data.find(path.pathSteps) {
    case .absent, .one(.null): return ""
    case .twice: throw Refusal(.badDimension, "'\(path)' comes twice")
    case .one(let value):
      guard let text = value.scalarText else { throw Refusal(.badDimension, "'\(path)' is not a scalar") }
      if text.bytes.count > dimensionBytesMax {
        throw Refusal(.badDimension, "'\(path)' has more than \(dimensionBytesMax) bytes")
      }
      if text.hasControlCharacters { throw Refusal(.badDimension, "'\(path)' has control characters") }
      return text
    }
  }
}
