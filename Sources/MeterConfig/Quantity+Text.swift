import MeterModel

extension Quantity {
  /// The most digits that a price may have behind the point.
  public static let fractionMax = 12

  /// Reads `199.00`: digits, and a point with digits behind it where there is one; nil for anything else, and for more than 38 digits.
  public init?(text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts.joined()
    guard parts.allSatisfy({ !$0.isEmpty }), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    var units: Int128 = 0
    for digit in digits {
      units = units * 10 + Int128(digit - 0x30)
      guard units < Self.bound else { return nil }
    }
    self.init(units: units, scale: parts.count == 2 ? parts[1].count : 0)
  }
}
