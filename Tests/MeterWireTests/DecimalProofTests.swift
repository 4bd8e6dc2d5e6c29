import Proofs
import Testing

@Suite struct DecimalProofTests {
  /// `deploy/dev prove decimals` reads ten million.
  private static let texts = 200_000

  @Test func `random decimals of all shapes are what school arithmetic makes of them`() throws {
    var proof = DecimalProof(seed: 1)
    let count = try proof.run(Self.texts)
    #expect(count.texts == Self.texts)
    // A shape that is never drawn proves nothing.
    #expect(count.units > Self.texts / 4)
    for few in [count.notNumber, count.tooFine, count.tooLarge, count.tooFarBelow] { #expect(few > Self.texts / 100) }
  }

  @Test func `the school itself knows some numbers by heart`() {
    func school(_ text: String, _ scale: Int) -> SchoolDecimal { SchoolDecimal(Array(text.utf8), scale: scale) }
    #expect(school("12.50", 1) == .units(isNegative: false, digits: [1, 2, 5]))
    #expect(school("-3e2", 1) == .units(isNegative: true, digits: [3, 0, 0, 0]))
    #expect(school("-0.0e9", 12) == .units(isNegative: false, digits: []))
    #expect(school("1e37", 0) == .units(isNegative: false, digits: [1] + [UInt8](repeating: 0, count: 37)))
    #expect(school("1e38", 0) == .tooLarge)
    #expect(school("-1e26", 12) == .tooFarBelow)
    #expect(school("0.0010", 2) == .tooFine)
    #expect(school("1E-99999999999999999999", 12) == .tooFine)
    for text in ["", "01", "1.", ".1", "+1", "1e", "NaN", "0x1", "1 ", "1_0"] { #expect(school(text, 0) == .notNumber) }
  }
}
