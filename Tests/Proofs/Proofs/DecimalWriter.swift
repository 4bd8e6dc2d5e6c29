import TestDice

/// Writes numbers in all the ways in which somebody might, and some in which nobody should.
///
/// A number is first drawn as digits and a power of ten, then spelled: the point anywhere, an exponent that makes up for
/// it, zeros where they change nothing.
struct DecimalWriter {
  enum Shape: Int, CaseIterable {
    /// As nearly all values are: a few digits, no point.
    case short
    /// Up to sixty digits anywhere.
    case long
    case zero
    /// Money and measures: some digits, a point, some digits.
    case plain
    /// Within a few units of where a count of digits or a machine's word ends.
    case edge
    /// An exponent of any length.
    case farExponent
    /// A number with a change or two.
    case broken
    /// What other languages and people write.
    case word
  }

  private var dice: Dice

  init(seed: UInt64) { dice = Dice(seed) }

  /// Puts a number's text in place of `text`, told for a meter of that scale.
  mutating func write(_ text: inout [UInt8], scale: Int) -> Shape {
    text.removeAll(keepingCapacity: true)
    let shape = dice.pick(Self.shares)
    switch shape {
    case .short:
      if dice.once(in: 4) { text.append(Self.minus) }
      append(digits(1 + dice.below(8)), to: &text)
    case .long:
      spell(digits(1 + dice.below(60)), power: dice.below(90) - 45, &text)
    case .zero:
      spell([0], power: dice.below(20) - 10, &text)
    case .plain:
      if dice.once(in: 3) { text.append(Self.minus) }
      append(digits(1 + dice.below(18)), to: &text)
      text.append(Self.point)
      text += (0...dice.below(14)).map { _ in 0x30 + UInt8(dice.below(10)) }
    case .edge:
      spell(edge(), power: -scale + Int(dice.once(in: 3) ? dice.below(3) - 1 : 0), &text)
    case .farExponent:
      spell(digits(1 + dice.below(40)), power: 0, &text)
      text.append(contentsOf: dice.pick(Self.marks))
      text += (0...dice.below(24)).map { _ in 0x30 + UInt8(dice.below(10)) }
    case .broken:
      spell(digits(1 + dice.below(30)), power: dice.below(40) - 20, &text)
      for _ in 0...dice.below(2) { breakUp(&text) }
    case .word:
      text += Array(dice.pick(Self.words).utf8)
    }
    return shape
  }

  /// A whole number without leading zeros, now and then with long runs of one digit.
  private mutating func digits(_ count: Int) -> [UInt8] {
    let run: UInt8? = dice.once(in: 3) ? dice.pick([0, 9]) : nil
    var digits = (0..<count).map { _ in
      if let run, !dice.once(in: 6) { return run }
      return UInt8(dice.below(10))
    }
    if count > 1, digits[0] == 0 { digits[0] = UInt8(1 + dice.below(9)) }
    return digits
  }

  /// A few units around 10^38, another power of ten, or where a word of 31 to 128 bits ends.
  private mutating func edge() -> [UInt8] {
    let middle: UInt128
    switch dice.below(4) {
    case 0, 1: middle = Self.tenTo(38)
    case 2: middle = Self.tenTo(dice.below(38))
    default: middle = 1 << UInt128(dice.pick([31, 32, 53, 63, 64, 96, 126, 127]))
    }
    let number = middle - min(middle, 3) + UInt128(dice.below(7))
    return String(number).utf8.map { $0 - 0x30 }
  }

  /// Spells digits x 10^power.
  private mutating func spell(_ digits: [UInt8], power: Int, _ text: inout [UInt8]) {
    if dice.once(in: 3) { text.append(Self.minus) }
    // Behind so many of the digits stands the point, unless an exponent moves it.
    var place = digits.count + power
    var exponent: Int?
    if dice.once(in: 2) {
      exponent = dice.below(61) - 30
      place -= exponent ?? 0
    }
    if place <= 0 {
      text.append(0x30)
      text.append(Self.point)
      text += [UInt8](repeating: 0x30, count: -place)
      append(digits, to: &text)
      appendZeros(&text)
    } else {
      append(Array(digits.prefix(place)), to: &text)
      text += [UInt8](repeating: 0x30, count: max(0, place - digits.count))
      if place < digits.count || dice.once(in: 4) {
        text.append(Self.point)
        text += digits.dropFirst(place).map { $0 + 0x30 }
        if place >= digits.count { text.append(0x30) }
        appendZeros(&text)
      }
    }
    guard let exponent else { return }
    text.append(contentsOf: exponent < 0 ? dice.pick(Self.marksDown) : dice.pick(Self.marksUp))
    appendZeros(&text)
    text += Array(String(exponent.magnitude).utf8)
  }

  private mutating func appendZeros(_ text: inout [UInt8]) {
    guard dice.once(in: 3) else { return }
    text += [UInt8](repeating: 0x30, count: dice.below(30))
  }

  private func append(_ digits: [UInt8], to text: inout [UInt8]) { text += digits.map { $0 + 0x30 } }

  private mutating func breakUp(_ text: inout [UInt8]) {
    let at = dice.below(text.count + 1)
    switch dice.below(4) {
    case 0 where at < text.count: text[at] = dice.pick(Self.letters)
    case 1 where at < text.count: text.remove(at: at)
    case 2 where at < text.count: text.insert(text[at], at: at)
    default: text.insert(dice.pick(Self.letters), at: at)
    }
  }

  private static func tenTo(_ power: Int) -> UInt128 { (0..<power).reduce(1) { ten, _ in ten * 10 } }

  private static let minus: UInt8 = 0x2D
  private static let point: UInt8 = 0x2E
  private static let marksUp = ["e", "E", "e+", "E+"].map { Array($0.utf8) }
  private static let marksDown = ["e-", "E-"].map { Array($0.utf8) }
  private static let marks = marksUp + marksDown
  private static let letters = Array("0019.-+eE _,xn".utf8)
  private static let shares: [Shape] = [
    .short, .short, .short, .long, .long, .long, .zero, .plain, .plain, .plain, .edge, .edge, .edge, .farExponent,
    .broken, .broken, .broken, .word,
  ]
  private static let words = [
    "", "-", "+", ".", "e", "NaN", "nan", "-NaN", "Infinity", "-Infinity", "inf", "+1", "1.", ".5", "-.5", "01", "-01",
    "00",
    "1e", "1e+", "1E-", "1_000", "1,000", "0x10", "0b1", "1 ", " 1", "--1", "1-", "1e1.5", "1e1e1", "1..2", "1.2.3",
    "true",
    "null", "1f", "1d", "1L", "e5", "-e5", "0e", "0.e1",
  ]
}
