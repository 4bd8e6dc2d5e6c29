/// Numbers as text, appended to bytes: the stream writes millions of them and must not make a `String` of any.
extension [UInt8] {
  mutating func appendDecimal(_ number: UInt64, width: Int = 1) {
    var divisor: UInt64 = 1
    var digits = 1
    while digits < width || (digits < 20 && number / divisor >= 10) {
      divisor *= 10
      digits += 1
    }
    while divisor > 0 {
      append(48 &+ UInt8(truncatingIfNeeded: number / divisor % 10))
      divisor /= 10
    }
  }

  mutating func appendHexadecimal(_ number: UInt32) {
    for shift in stride(from: 28, through: 0, by: -4) {
      let nibble = UInt8(truncatingIfNeeded: number >> UInt32(shift)) & 15
      append(nibble < 10 ? 48 &+ nibble : 87 &+ nibble)
    }
  }

  /// `thousandths` of 12375 is `12.375`.
  mutating func appendDecimal(thousandths: UInt64) {
    appendDecimal(thousandths / 1000)
    append(46)
    appendDecimal(thousandths % 1000, width: 3)
  }
}
