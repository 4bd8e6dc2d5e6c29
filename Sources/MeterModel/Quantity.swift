/// An exact decimal: `units` x 10^-scale.
///
/// 38 digits, as PostgreSQL's numeric(38, scale) holds them; 10^38 fits an Int128 with room for a sign. Nothing here wraps or traps:
/// what does not fit is told to the caller, who makes it a verdict.
public struct Quantity: Sendable, Hashable {
  /// 10^38, the first magnitude that no longer fits.
  public static let bound: Int128 = 100_000_000_000_000_000_000_000_000_000_000_000_000

  public var units: Int128
  public var scale: Int

  public init(units: Int128, scale: Int) {
    self.units = units
    self.scale = scale
  }
}

extension Quantity: CustomStringConvertible {
  /// Digits without exponent and without trailing zeros behind the point.
  public var description: String {
    let digits = String(units.magnitude)
    let sign = units < 0 ? "-" : ""
    guard scale > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
    let whole = padded.dropLast(scale)
    var fraction = padded.suffix(scale)
    while fraction.last == "0" { fraction.removeLast() }
    return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
  }
}

extension Quantity {
  /// 10^exponent; nil for what has more than 39 digits.
  public static func power(_ exponent: Int) -> Int128? {
    guard exponent <= 38 else { return nil }
    return (0..<exponent).reduce(Int128(1)) { power, _ in power * 10 }
  }

  /// The same number with as few digits behind the point as it needs.
  public var normal: Quantity {
    var number = self
    while number.scale > 0, number.units % 10 == 0 {
      number.units /= 10
      number.scale -= 1
    }
    return number
  }

  /// Whether it is the smaller number, whatever the scales.
  public func isBelow(_ other: Quantity) -> Bool {
    if scale == other.scale { return units < other.units }
    let factor = Self.power(abs(scale - other.scale)) ?? .max
    // What grows beyond all bounds by this is the larger one by its sign.
    if scale < other.scale {
      let (scaled, overflow) = units.multipliedReportingOverflow(by: factor)
      return overflow ? units < 0 : scaled < other.units
    }
    let (scaled, overflow) = other.units.multipliedReportingOverflow(by: factor)
    return overflow ? other.units > 0 : units < scaled
  }
}
