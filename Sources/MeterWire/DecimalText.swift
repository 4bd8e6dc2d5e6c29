import MeterModel

/// From a number's text to an exact scaled integer, without ever passing through binary floating point.
enum DecimalText {
  enum Outcome: Equatable {
    case units(Int128)
    /// Not a number as JSON allows it.
    case notNumber
    /// More fraction digits than the meter's scale holds; never rounded.
    case tooFine
    /// 38 digits at the meter's scale are not enough.
    case tooLarge
    /// The same, below zero.
    case tooFarBelow
  }

  /// An exponent beyond this cannot leave a value within 38 digits, however many zeros stand before it: no event is larger
  /// than 64 MiB.
  private static let exponentMax = 1 << 27

  /// Reads the bytes in `start..<end`, all of which must be one JSON number.
  static func parse(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int, scale: Int) -> Outcome {
    if let units = brief(arena, start, end, scale) { return .units(units) }
    guard JSONNumber.end(arena, from: start, to: end) == end else { return .notNumber }
    return general(arena, start, end, scale)
  }

  /// Nearly all values are not negative and have few digits, no exponent, and no more of a fraction than the scale: six digits before the
  /// point and twelve behind it fit an Int64. Nil for any other.
  @inline(__always)
  private static func brief(_ arena: Swift.Span<UInt8>, _ start: Int, _ end: Int, _ scale: Int) -> Int128? {
    guard end > start, end &- start <= 19 else { return nil }
    var value: Int64 = 0
    var at = start
    while at < end, arena[at].isDigit {
      value = value &* 10 &+ Int64(arena[at] &- UInt8(ascii: "0"))
      at &+= 1
    }
    let digits = at &- start
    guard digits >= 1, digits <= 6, digits == 1 || arena[start] != UInt8(ascii: "0") else { return nil }
    if at == end { return Int128(value &* powers64(scale)) }
    guard arena[at] == UInt8(ascii: ".") else { return nil }
    at &+= 1
    let point = at
    while at < end, arena[at].isDigit {
      value = value &* 10 &+ Int64(arena[at] &- UInt8(ascii: "0"))
      at &+= 1
    }
    guard at == end, at > point, at &- point <= scale else { return nil }
    return Int128(value &* powers64(scale &- (at &- point)))
  }

  /// 10^n for n up to `MeterDefinition.scaleMax`.
  @inline(__always)
  private static func powers64(_ n: Int) -> Int64 {
    var power: Int64 = 1
    for _ in 0..<n { power &*= 10 }
    return power
  }

  /// The digits without leading and trailing zeros are at most 38 if the value fits, whatever the exponent says.
  private static func general(_ arena: Swift.Span<UInt8>, _ start: Int, _ end: Int, _ scale: Int) -> Outcome {
    var at = start
    let negative = arena[at] == UInt8(ascii: "-")
    if negative { at += 1 }
    var magnitude: Int128 = 0
    var digits = 0
    // Zeros that may yet turn out to be trailing, and how many digits stood behind the point up to the last digit taken.
    var zeros = 0
    var behindPoint = 0
    var fraction = 0
    var seenPoint = false
    var tooLong = false
    while at < end {
      let byte = arena[at]
      if byte == UInt8(ascii: ".") {
        seenPoint = true
      } else if byte.isDigit {
        if seenPoint { fraction += 1 }
        if byte == UInt8(ascii: "0") {
          if digits > 0 { zeros += 1 }
        } else {
          digits += zeros + 1
          if digits > 38 {
            tooLong = true
          } else {
            for _ in 0..<zeros { magnitude *= 10 }
            magnitude = magnitude * 10 + Int128(byte - UInt8(ascii: "0"))
          }
          zeros = 0
          behindPoint = fraction
        }
      } else {
        break
      }
      at += 1
    }
    if digits == 0 { return .units(0) }
    // Zeros before the point that ended the digits count as a power of ten: 1200 is 12 x 10^2.
    var exponent = zerosBeforePoint(zeros, fraction, behindPoint) - behindPoint
    if at < end {
      guard let written = writtenExponent(arena, at + 1, end) else {
        return arena[at + 1] == UInt8(ascii: "-") ? .tooFine : negative ? .tooFarBelow : .tooLarge
      }
      exponent += written
    }
    // The value is magnitude x 10^exponent, its last digit not zero.
    let shift = exponent + scale
    if shift < 0 { return .tooFine }
    if tooLong || digits + shift > 38 { return negative ? .tooFarBelow : .tooLarge }
    for _ in 0..<shift { magnitude *= 10 }
    return .units(negative ? -magnitude : magnitude)
  }

  /// How many of the pending zeros stand before the point.
  private static func zerosBeforePoint(_ zeros: Int, _ fraction: Int, _ behindPoint: Int) -> Int {
    behindPoint > 0 ? 0 : max(0, zeros - fraction)
  }

  /// nil when the exponent is beyond any that could matter.
  private static func writtenExponent(_ arena: Swift.Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
    var at = start
    let negative = arena[at] == UInt8(ascii: "-")
    if negative || arena[at] == UInt8(ascii: "+") { at += 1 }
    var exponent = 0
    while at < end {
      exponent = exponent * 10 + Int(arena[at] - UInt8(ascii: "0"))
      if exponent > exponentMax { return nil }
      at += 1
    }
    return negative ? -exponent : exponent
  }
}
