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

  /// What `append` wrote, without the length: the digits up to the number's own scale. Nil for what is no finite number of 38 digits.
  static func units(of bytes: ArraySlice<UInt8>) -> Int128? {
    guard bytes.count >= 8 else { return nil }
    func word(_ index: Int) -> Int {
      let at = bytes.startIndex + 2 * index
      return Int(bytes[at]) << 8 | Int(bytes[at + 1])
    }
    let (count, weight, sign, scale) = (word(0), Int(Int16(truncatingIfNeeded: word(1))), word(2), word(3))
    guard bytes.count == 8 + 2 * count, sign == 0 || sign == 0x4000 else { return nil }
    var units: Int128 = 0
    // Word by word from the first to the one that holds the last digit of the scale, then the digits beyond it taken off.
    let last = -((scale + digitsPerWord - 1) / digitsPerWord)
    var position = weight
    var index = 0
    while position >= last || index < count {
      let digits = index < count ? word(4 + index) : 0
      if position >= last {
        let beyond = position == last ? beyondScale(scale) : 1
        let (kept, isOver) = units.multipliedReportingOverflow(by: Int128(10_000 / beyond))
        let (sum, isOverToo) = kept.addingReportingOverflow(Int128(digits / beyond))
        if isOver || isOverToo || digits % beyond != 0 { return nil }
        units = sum
      } else if digits != 0 {
        return nil
      }
      position -= 1
      index += 1
    }
    return sign == 0 ? units : -units
  }

  /// How much the digits of the last word are to be divided by, for those beyond the scale to go.
  private static func beyondScale(_ scale: Int) -> Int {
    let beyond = (digitsPerWord - scale % digitsPerWord) % digitsPerWord
    return [1, 10, 100, 1_000][beyond]
  }
}
