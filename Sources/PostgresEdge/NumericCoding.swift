import MeterModel

/// PostgreSQL's binary form of a numeric: digits to the base of 10,000, the first of which weighs 10,000^weight.
enum NumericCoding {
  private static let base: UInt128 = 10_000
  private static let digitsPerWord = 4

  /// Appends the length and the value.
  static func append(_ quantity: Quantity, to bytes: inout [UInt8]) {
    // Fill up the fraction to whole words, so that the point falls between two of them.
    let padding = (digitsPerWord - quantity.scale % digitsPerWord) % digitsPerWord
    let fractionWords = (quantity.scale + padding) / digitsPerWord
    var scaled = quantity.units.magnitude
    // 38 digits and three more are beyond 128 bits, so the padding is kept out of the number when it is that large.
    var words: [UInt16] = []
    if padding > 0 {
      var power: UInt128 = 1
      for _ in 0..<(digitsPerWord - padding) { power *= 10 }
      var shift: UInt128 = 1
      for _ in 0..<padding { shift *= 10 }
      words.append(UInt16(scaled % power * shift))
      scaled /= power
    }
    while scaled > 0 {
      words.append(UInt16(scaled % base))
      scaled /= base
    }
    let weight = words.count - fractionWords - 1
    // `words` has the least first. Trailing zero words carry nothing.
    var trailing = 0
    while trailing < words.count, words[trailing] == 0 { trailing += 1 }
    let digits = words[trailing...].reversed()
    Parameter.append(UInt32(8 + 2 * digits.count), to: &bytes)
    Parameter.append(UInt16(digits.count), to: &bytes)
    Parameter.append(UInt16(bitPattern: Int16(digits.isEmpty ? 0 : weight)), to: &bytes)
    Parameter.append(UInt16(quantity.units < 0 ? 0x4000 : 0), to: &bytes)
    Parameter.append(UInt16(quantity.scale), to: &bytes)
    for digit in digits { Parameter.append(digit, to: &bytes) }
  }
}
