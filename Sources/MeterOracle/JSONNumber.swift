/// A number as JSON writes it, taken apart from its bytes: (-1)^negative x digits x 10^exponent.
///
/// `digits` has neither leading nor trailing zeros, so trailing zeros are no fraction digits, and zero has no digits
/// and no sign: -0 is 0.
struct JSONNumber {
  let isNegative: Bool
  let digits: [UInt8]
  let exponent: Int

  /// No text is near this long, so an exponent beyond it decides every question as any larger one would.
  private static let exponentMax = 1_000_000_000_000

  /// Nil unless the whole text is: an optional minus; 0, or a digit 1 to 9 and any digits; optionally a point and
  /// at least one digit; optionally e or E, a sign if wanted, and at least one digit.
  init?(_ text: [UInt8]) {
    var rest = text[...]

    func takeOne(of characters: String) -> Bool {
      guard let first = rest.first, characters.utf8.contains(first) else { return false }
      rest = rest.dropFirst()
      return true
    }

    func takeDigits() -> [UInt8] {
      let run = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      rest = rest.dropFirst(run.count)
      return run.map { $0 - UInt8(ascii: "0") }
    }

    let hasMinus = takeOne(of: "-")
    let whole = takeDigits()
    if whole.isEmpty { return nil }
    if whole.count > 1 && whole[0] == 0 { return nil }

    var fraction: [UInt8] = []
    if takeOne(of: ".") {
      fraction = takeDigits()
      if fraction.isEmpty { return nil }
    }

    var written = 0
    if takeOne(of: "eE") {
      let isBelow = rest.first == UInt8(ascii: "-")
      _ = takeOne(of: "+-")
      let exponentDigits = takeDigits()
      if exponentDigits.isEmpty { return nil }
      for digit in exponentDigits { written = min(written * 10 + Int(digit), Self.exponentMax) }
      if isBelow { written = -written }
    }
    if !rest.isEmpty { return nil }

    var digits = Array((whole + fraction).drop { $0 == 0 })
    var exponent = written - fraction.count
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    self.digits = digits
    self.exponent = digits.isEmpty ? 0 : exponent
    self.isNegative = hasMinus && !digits.isEmpty
  }
}
