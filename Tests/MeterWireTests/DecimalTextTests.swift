import MeterModel
import Testing
import TestDice

@testable import MeterOracle
@testable import MeterWire

@Suite struct DecimalTextTests {
  private func parse(_ text: String, scale: Int) -> DecimalText.Outcome {
    // Digits on both sides must not be taken for part of the number.
    let bytes = Array("99\(text)99".utf8)
    return DecimalText.parse(bytes.span, from: 2, to: bytes.count - 2, scale: scale)
  }

  private func expected(_ text: String, scale: Int) -> DecimalText.Outcome {
    guard let number = MeterOracle.JSONNumber(Array(text.utf8)) else { return .notNumber }
    if number.digits.isEmpty { return .units(0) }
    let zeros = number.exponent + scale
    if zeros < 0 { return .tooFine }
    if number.digits.count + zeros > 38 { return number.isNegative ? .tooFarBelow : .tooLarge }
    var units = number.digits.reduce(Int128(0)) { $0 * 10 + Int128($1) }
    for _ in 0..<zeros { units *= 10 }
    return .units(number.isNegative ? -units : units)
  }

  @Test func `every short text is taken as a slow reader takes it`() {
    let letters = Array("0159-.e+E")
    var texts = [""]
    for _ in 0..<5 {
      for text in texts { #expect(parse(text, scale: 2) == expected(text, scale: 2), "\(text)") }
      texts = texts.flatMap { text in letters.map { text + String($0) } }
    }
  }

  @Test func `long numbers with zeros and exponents are taken as a slow reader takes them`() {
    var dice = Dice(3)
    for _ in 0..<40_000 {
      func digits(_ most: Int) -> String {
        (0..<dice.below(most)).map { _ in dice.below(3) == 0 ? String(dice.below(10)) : "0" }.joined()
      }
      var text = dice.below(3) == 0 ? "-" : ""
      let whole = digits(45)
      text += whole.isEmpty || dice.below(4) == 0 ? "0" : "\(1 + dice.below(9))" + whole
      if dice.below(2) == 0 { text += "." + digits(45) + "\(dice.below(10))" }
      if dice.below(2) == 0 { text += dice.pick(["e", "E", "e+", "e-", "E-"]) + digits(3) + "\(dice.below(60))" }
      for scale in [0, 1, 9, 12] {
        #expect(parse(text, scale: scale) == expected(text, scale: scale), "\(text) at \(scale)")
      }
    }
  }

  @Test(arguments: 0...12)
  func `the largest number of 38 digits is taken and the next one refused`(_ scale: Int) {
    let whole = String(repeating: "9", count: 38 - scale)
    let fraction = scale == 0 ? "" : "." + String(repeating: "9", count: scale)
    #expect(parse(whole + fraction, scale: scale) == .units(Quantity.bound - 1))
    #expect(parse("-" + whole + fraction, scale: scale) == .units(1 - Quantity.bound))
    #expect(parse("1" + String(repeating: "0", count: 38 - scale), scale: scale) == .tooLarge)
    #expect(parse("-1e\(38 - scale)", scale: scale) == .tooFarBelow)
    #expect(parse("1e\(37 - scale)", scale: scale) == .units(Quantity.bound / 10))
    #expect(parse("1e-\(scale)", scale: scale) == .units(1))
    #expect(parse("1e-\(scale + 1)", scale: scale) == .tooFine)
  }

  @Test func `zero is zero whatever its sign and exponent`() {
    for text in [
      "0", "-0", "0.000", "-0.0", "0e5", "0e-5", "0E+999999999999999999999999", "-0e-99999999999999999999", "0.0e400",
    ] {
      #expect(parse(text, scale: 0) == .units(0), "\(text)")
    }
  }

  @Test func `a written exponent may take back any number of zeros`() {
    let count = 20_000_000
    let zeros = String(repeating: "0", count: count)
    #expect(parse("1" + zeros + "e-\(count)", scale: 0) == .units(1))
    #expect(parse("0." + zeros + "1e\(count + 1)", scale: 0) == .units(1))
    #expect(parse("1e" + zeros + "2", scale: 0) == .units(100))
  }

  @Test func `exponents of any length are judged by the value`() {
    #expect(parse("1e99999999999999999999999999999999", scale: 0) == .tooLarge)
    #expect(parse("-1e99999999999999999999999999999999", scale: 0) == .tooFarBelow)
    #expect(parse("1e-99999999999999999999999999999999", scale: 12) == .tooFine)
    #expect(parse("-1e-99999999999999999999999999999999", scale: 12) == .tooFine)
  }
}
