/// A whole number of any size, as its decimal digits, reckoned as at school.
struct WholeNumber: Hashable, Comparable, Sendable {
  static let zero = WholeNumber(isNegative: false, digits: [])

  /// Zero has no sign.
  let isNegative: Bool
  /// Most significant first, without leading zeros; zero has none.
  let digits: [UInt8]

  init(isNegative: Bool, digits: [UInt8]) {
    self.digits = Array(digits.drop { $0 == 0 })
    self.isNegative = isNegative && !self.digits.isEmpty
  }

  init(_ number: Int128) {
    self.init(isNegative: number < 0, digits: String(number.magnitude).utf8.map { $0 - UInt8(ascii: "0") })
  }

  static prefix func - (number: WholeNumber) -> WholeNumber {
    WholeNumber(isNegative: !number.isNegative, digits: number.digits)
  }

  static func + (left: WholeNumber, right: WholeNumber) -> WholeNumber {
    if left.isNegative == right.isNegative {
      return WholeNumber(isNegative: left.isNegative, digits: sum(left.digits, right.digits))
    }
    if isSmaller(left.digits, right.digits) {
      return WholeNumber(isNegative: right.isNegative, digits: difference(right.digits, left.digits))
    }
    return WholeNumber(isNegative: left.isNegative, digits: difference(left.digits, right.digits))
  }

  static func - (left: WholeNumber, right: WholeNumber) -> WholeNumber {
    left + -right
  }

  static func * (left: WholeNumber, right: WholeNumber) -> WholeNumber {
    // Columns, least significant first. A column holds at most 81 x the number of digits, far inside an Int.
    var columns = [Int](repeating: 0, count: left.digits.count + right.digits.count)
    for (i, a) in left.digits.reversed().enumerated() {
      for (j, b) in right.digits.reversed().enumerated() { columns[i + j] += Int(a) * Int(b) }
    }
    var digits: [UInt8] = []
    var carry = 0
    for column in columns {
      let total = column + carry
      digits.append(UInt8(total % 10))
      carry = total / 10
    }
    return WholeNumber(isNegative: left.isNegative != right.isNegative, digits: digits.reversed())
  }

  static func < (left: WholeNumber, right: WholeNumber) -> Bool {
    switch (left.isNegative, right.isNegative) {
    case (true, false): true
    case (false, true): false
    case (false, false): isSmaller(left.digits, right.digits)
    case (true, true): isSmaller(right.digits, left.digits)
    }
  }

  /// Long division by a positive divisor below 10^17, rounded to the nearest whole number, a half to the even one.
  func dividedHalfToEven(by divisor: Int) -> WholeNumber {
    var quotient: [UInt8] = []
    var remainder = 0
    for digit in digits {
      remainder = remainder * 10 + Int(digit)
      quotient.append(UInt8(remainder / divisor))
      remainder %= divisor
    }
    let isOdd = (quotient.last ?? 0) % 2 == 1
    let roundsAway = remainder * 2 > divisor || (remainder * 2 == divisor && isOdd)
    if roundsAway { quotient = Self.sum(quotient, [1]) }
    return WholeNumber(isNegative: isNegative, digits: quotient)
  }

  /// The number divided by 10^scale, as text without trailing zeros and without an exponent.
  func decimalText(scale: Int) -> String {
    let padding = [UInt8](repeating: 0, count: max(0, scale + 1 - digits.count))
    let padded = padding + digits
    var fraction = padded.suffix(scale)
    while fraction.last == 0 { fraction.removeLast() }
    let whole = padded.dropLast(scale)
    let text = { (digits: ArraySlice<UInt8>) in digits.map { String($0) }.joined() }
    return (isNegative ? "-" : "") + text(whole) + (fraction.isEmpty ? "" : "." + text(fraction))
  }

  /// Neither side has leading zeros.
  private static func isSmaller(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count != right.count ? left.count < right.count : left.lexicographicallyPrecedes(right)
  }

  private static func sum(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var digits: [UInt8] = []
    var carry: UInt8 = 0
    for place in 0..<max(left.count, right.count) {
      let total = digit(of: left, at: place) + digit(of: right, at: place) + carry
      digits.append(total % 10)
      carry = total / 10
    }
    digits.append(carry)
    return digits.reversed()
  }

  /// `left` is at least as large as `right`.
  private static func difference(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var digits: [UInt8] = []
    var borrow: UInt8 = 0
    for place in 0..<left.count {
      let above = digit(of: left, at: place) + 10
      let below = digit(of: right, at: place) + borrow
      digits.append((above - below) % 10)
      borrow = above - below < 10 ? 1 : 0
    }
    return digits.reversed()
  }

  /// The digit worth 10^place.
  private static func digit(of digits: [UInt8], at place: Int) -> UInt8 {
    place < digits.count ? digits[digits.count - 1 - place] : 0
  }
}
