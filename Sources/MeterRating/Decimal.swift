import MeterModel

/// An exact decimal of any length: money and what it is worked out from.
public struct Decimal: Sendable, Hashable {
  private let isNegative: Bool
  private let magnitude: WholeNumber
  /// Digits behind the point, none of which is a zero at the end.
  public let scale: Int

  private init(isNegative: Bool, _ magnitude: WholeNumber, scale: Int) {
    var (digits, scale) = (magnitude, scale)
    while scale > 0 {
      let (quotient, remainder) = digits.divided(by: WholeNumber(10))
      guard remainder.isZero else { break }
      (digits, scale) = (quotient, scale - 1)
    }
    self.magnitude = digits
    self.scale = scale
    self.isNegative = isNegative && !digits.isZero
  }

  public static let zero = Decimal(0)

  public init(_ whole: Int) {
    self.init(isNegative: whole < 0, WholeNumber(UInt128(whole.magnitude)), scale: 0)
  }

  public init(_ quantity: Quantity) {
    self.init(isNegative: quantity.units < 0, WholeNumber(quantity.units.magnitude), scale: quantity.scale)
  }

  /// Digits, with a sign and a point where there are such; nil for anything else.
  public init?(_ text: some StringProtocol) {
    var bytes = Array(text.utf8)
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { bytes.removeFirst() }
    let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, parts.count == 1 || !parts[1].isEmpty,
      let magnitude = WholeNumber(digits: parts.joined())
    else { return nil }
    self.init(isNegative: isNegative, magnitude, scale: parts.count == 1 ? 0 : parts[1].count)
  }

  public var isZero: Bool { magnitude.isZero }

  private func digits(atScale wanted: Int) -> WholeNumber { magnitude * .power(ofTen: wanted - scale) }

  public static func + (a: Decimal, b: Decimal) -> Decimal {
    let scale = max(a.scale, b.scale)
    let (x, y) = (a.digits(atScale: scale), b.digits(atScale: scale))
    if a.isNegative == b.isNegative { return Decimal(isNegative: a.isNegative, x + y, scale: scale) }
    return x >= y
      ? Decimal(isNegative: a.isNegative, x - y, scale: scale) : Decimal(isNegative: b.isNegative, y - x, scale: scale)
  }

  public static prefix func - (a: Decimal) -> Decimal {
    Decimal(isNegative: !a.isNegative, a.magnitude, scale: a.scale)
  }

  public static func - (a: Decimal, b: Decimal) -> Decimal { a + -b }

  public static func * (a: Decimal, b: Decimal) -> Decimal {
    Decimal(isNegative: a.isNegative != b.isNegative, a.magnitude * b.magnitude, scale: a.scale + b.scale)
  }

  /// The quotient to so many digits behind the point, half to even.
  public func divided(by divisor: Decimal, digits wanted: Int) -> Decimal {
    let exponent = wanted - scale + divisor.scale
    let over = magnitude * .power(ofTen: max(0, exponent))
    let under = divisor.magnitude * .power(ofTen: max(0, -exponent))
    var (quotient, remainder) = over.divided(by: under)
    let twice = remainder + remainder
    if twice > under || twice == under && quotient.isOdd { quotient = quotient + .one }
    return Decimal(isNegative: isNegative != divisor.isNegative, quotient, scale: wanted)
  }

  /// The smallest whole number that is not below the quotient; both are above zero.
  public func started(_ size: Decimal) -> Decimal {
    let scale = max(scale, size.scale)
    let (quotient, remainder) = digits(atScale: scale).divided(by: size.digits(atScale: scale))
    return Decimal(isNegative: false, remainder.isZero ? quotient : quotient + .one, scale: 0)
  }

  /// Half to even.
  public func rounded(digits: Int) -> Decimal { scale <= digits ? self : divided(by: Decimal(1), digits: digits) }

  /// With exactly so many digits behind the point, which must be enough.
  public func written(digits wanted: Int) -> String {
    precondition(scale <= wanted, "nothing is cut off when it is written")
    let text = digits(atScale: wanted).digits
    let sign = isNegative ? "-" : ""
    guard wanted > 0 else { return sign + text }
    let padded = String(repeating: "0", count: max(0, wanted + 1 - text.utf8.count)) + text
    return sign + padded.dropLast(wanted) + "." + padded.suffix(wanted)
  }
}

extension Decimal: Comparable {
  public static func < (a: Decimal, b: Decimal) -> Bool {
    if a.isNegative != b.isNegative { return a.isNegative }
    let scale = max(a.scale, b.scale)
    let (x, y) = (a.digits(atScale: scale), b.digits(atScale: scale))
    return a.isNegative ? y < x : x < y
  }
}

extension Decimal: CustomStringConvertible {
  public var description: String { written(digits: scale) }
}
