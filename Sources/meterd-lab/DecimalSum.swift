/// Adds up quantities as the oracle writes them, exactly.
///
/// Each is below 10^38 with at most 12 fraction digits. A sum is kept in units of 10^-12 as `high` x 10^19 + `low`: 31
/// and 19 digits of a quantity, so that millions of rows stay far inside 128 bits.
struct DecimalSum {
  private static let fractionDigits = 12
  private static let lowDigits = 19
  private static let lowBound: Int128 = 10_000_000_000_000_000_000

  private var high: Int128 = 0
  private var low: Int128 = 0

  mutating func add(_ quantity: String) {
    let isNegative = quantity.hasPrefix("-")
    let parts = quantity.drop { $0 == "-" }.split(separator: ".")
    let fraction = parts.count > 1 ? parts[1] : ""
    let digits = parts[0] + fraction + Self.zeros(Self.fractionDigits - fraction.count)
    let sign: Int128 = isNegative ? -1 : 1
    high += sign * (Int128(digits.dropLast(Self.lowDigits)) ?? 0)
    low += sign * (Int128(digits.suffix(Self.lowDigits)) ?? 0)
  }

  /// Without an exponent and without trailing zeros.
  var text: String {
    var high = self.high + low / Self.lowBound
    var low = self.low % Self.lowBound
    if high > 0, low < 0 { (high, low) = (high - 1, low + Self.lowBound) }
    if high < 0, low > 0 { (high, low) = (high + 1, low - Self.lowBound) }
    let lowText = String(low.magnitude)
    let digits = String(high.magnitude) + Self.zeros(Self.lowDigits - lowText.count) + lowText
    let whole = digits.dropLast(Self.fractionDigits).drop { $0 == "0" }
    var fraction = digits.suffix(Self.fractionDigits)
    while fraction.last == "0" { fraction.removeLast() }
    return (high < 0 || low < 0 ? "-" : "") + (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
  }

  private static func zeros(_ count: Int) -> String { String(repeating: "0", count: max(0, count)) }
}
