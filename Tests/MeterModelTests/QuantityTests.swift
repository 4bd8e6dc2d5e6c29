import MeterModel
import Testing

@Suite struct QuantityTests {
  @Test(
    arguments: [
      (0, 0, "0"), (0, 9, "0"), (0, 12, "0"), (1, 0, "1"), (-1, 0, "-1"), (1, 9, "0.000000001"),
      (-1, 12, "-0.000000000001"), (10, 1, "1"), (-10, 1, "-1"), (15, 1, "1.5"), (-15, 1, "-1.5"), (100, 1, "10"),
      (1_200_000, 3, "1200"), (1_200_010, 3, "1200.01"), (5, 1, "0.5"), (50, 2, "0.5"), (-5, 3, "-0.005"),
      (123_456_789_123_456_789, 9, "123456789.123456789"), (Quantity.bound - 1, 0, String(repeating: "9", count: 38)),
      (1 - Quantity.bound, 12, "-" + String(repeating: "9", count: 26) + "." + String(repeating: "9", count: 12)),
    ] as [(Int128, Int, String)])
  func `a quantity is written without exponent and without trailing zeros`(
    _ units: Int128, _ scale: Int, _ text: String
  ) {
    #expect(Quantity(units: units, scale: scale).description == text)
  }

  @Test func `every text of a small quantity reads back as the same number`() {
    for scale in 0...4 {
      for units in Int128(-2_105)...2_105 {
        let text = Quantity(units: units, scale: scale).description
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        #expect(parts.count <= 2 && fraction.last != "0" && fraction.count <= scale)
        let padded = parts[0] + fraction + String(repeating: "0", count: scale - fraction.count)
        #expect(Int128(padded) == units, "\(text)")
        #expect(units != 0 || text == "0")
      }
    }
  }

  @Test func `the bound is the first number of 39 digits`() {
    #expect(String(Quantity.bound) == "1" + String(repeating: "0", count: 38))
  }
}
