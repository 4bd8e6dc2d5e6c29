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
