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
      guard units < Self.bound / 10 else { return nil }
      units = units * 10 + Int128(digit - 0x30)
    }
    self.init(units: units, scale: parts.count == 2 ? parts[1].count : 0)
  }

  /// The same with a sign where there is one.
  public init?(signed text: String) {
    guard text.utf8.first == UInt8(ascii: "-") else {
      self.init(text: text)
      return
    }
    self.init(text: String(text.dropFirst()))
    units = -units
  }

  /// In units of another scale; nil if that would cut digits off, or overflow.
  public func units(atScale wanted: Int) -> Int128? {
    let number = normal
    guard number.scale <= wanted, let factor = Self.power(wanted - number.scale) else { return nil }
    let (units, overflow) = number.units.multipliedReportingOverflow(by: factor)
    return overflow ? nil : units
  }
}
