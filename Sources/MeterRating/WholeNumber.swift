/// A whole number of any size, without a sign: what a quantity of 38 digits times a price of 38 does not fit in anything else.
struct WholeNumber: Sendable, Hashable, Comparable {
  /// 32 bits each, the lowest first, without zeros at the end.
  private(set) var limbs: [UInt32]

  private init(limbs: [UInt32]) {
    self.limbs = limbs
    while self.limbs.last == 0 { self.limbs.removeLast() }
  }

  init(_ number: UInt128) {
    self.init(limbs: (0..<4).map { UInt32(truncatingIfNeeded: number >> (32 * $0)) })
  }

  static let zero = WholeNumber(limbs: [])
  static let one = WholeNumber(limbs: [1])

  var isZero: Bool { limbs.isEmpty }
  var isOdd: Bool { limbs.first.map { $0 & 1 == 1 } ?? false }

  static func power(ofTen exponent: Int) -> WholeNumber {
    var power = one
    for _ in 0..<exponent / 9 { power = power.multiplied(by: 1_000_000_000) }
    for _ in 0..<exponent % 9 { power = power.multiplied(by: 10) }
    return power
  }

  static func < (a: WholeNumber, b: WholeNumber) -> Bool {
    if a.limbs.count != b.limbs.count { return a.limbs.count < b.limbs.count }
    for index in a.limbs.indices.reversed() where a.limbs[index] != b.limbs[index] {
      return a.limbs[index] < b.limbs[index]
    }
    return false
  }

  static func + (a: WholeNumber, b: WholeNumber) -> WholeNumber {
    var sum: [UInt32] = []
    var carry: UInt64 = 0
    for index in 0..<max(a.limbs.count, b.limbs.count) {
      carry += UInt64(a.limb(index)) + UInt64(b.limb(index))
      sum.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    return WholeNumber(limbs: sum + [UInt32(carry)])
  }

  /// `b` is not larger.
  static func - (a: WholeNumber, b: WholeNumber) -> WholeNumber {
    precondition(b <= a, "a number without a sign is not below zero")
    var rest: [UInt32] = []
    var borrow: Int64 = 0
    for index in a.limbs.indices {
      let difference = Int64(a.limbs[index]) - Int64(b.limb(index)) + borrow
      rest.append(UInt32(truncatingIfNeeded: difference))
      borrow = difference < 0 ? -1 : 0
    }
    return WholeNumber(limbs: rest)
  }

  static func * (a: WholeNumber, b: WholeNumber) -> WholeNumber {
    var product = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
    for (i, x) in a.limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, y) in b.limbs.enumerated() {
        carry += UInt64(x) * UInt64(y) + UInt64(product[i + j])
        product[i + j] = UInt32(truncatingIfNeeded: carry)
        carry >>= 32
      }
      product[i + b.limbs.count] = UInt32(carry)
    }
    return WholeNumber(limbs: product)
  }

  private func multiplied(by factor: UInt32) -> WholeNumber { self * WholeNumber(limbs: [factor]) }

  private func limb(_ index: Int) -> UInt32 { index < limbs.count ? limbs[index] : 0 }

  /// Bit by bit: a line is worked out once a flush, and its numbers have some hundred bits.
  func divided(by divisor: WholeNumber) -> (quotient: WholeNumber, remainder: WholeNumber) {
    precondition(!divisor.isZero, "nothing is divided by zero")
    if divisor.limbs.count == 1 { return divided(by: divisor.limbs[0]) }
    guard self >= divisor else { return (.zero, self) }
    var quotient = [UInt32](repeating: 0, count: limbs.count)
    var remainder = WholeNumber.zero
    for index in limbs.indices.reversed() {
      for bit in (0..<32).reversed() {
        remainder = remainder.doubled(adding: limbs[index] >> bit & 1)
        if remainder >= divisor {
          remainder = remainder - divisor
          quotient[index] |= 1 << bit
        }
      }
    }
    return (WholeNumber(limbs: quotient), remainder)
  }

  private func divided(by divisor: UInt32) -> (quotient: WholeNumber, remainder: WholeNumber) {
    var quotient = limbs
    var rest: UInt64 = 0
    for index in limbs.indices.reversed() {
      rest = rest << 32 | UInt64(limbs[index])
      quotient[index] = UInt32(rest / UInt64(divisor))
      rest %= UInt64(divisor)
    }
    return (WholeNumber(limbs: quotient), WholeNumber(limbs: [UInt32(rest)]))
  }

  private func doubled(adding bit: UInt32) -> WholeNumber {
    var doubled: [UInt32] = []
    var carry = bit
    for limb in limbs {
      doubled.append(limb << 1 | carry)
      carry = limb >> 31
    }
    return WholeNumber(limbs: doubled + [carry])
  }

  /// Its digits; `0` for zero.
  var digits: String {
    var parts: [String] = []
    var rest = self
    while !rest.isZero {
      let (quotient, remainder) = rest.divided(by: 1_000_000_000)
      parts.append(String(remainder.limb(0)))
      rest = quotient
    }
    guard let first = parts.popLast() else { return "0" }
    return parts.reversed().reduce(first) { $0 + String(repeating: "0", count: 9 - $1.count) + $1 }
  }

  /// Nil for what is not digits alone.
  init?(digits: some Sequence<UInt8>) {
    var number = WholeNumber.zero
    var any = false
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      number = number.multiplied(by: 10) + WholeNumber(limbs: [UInt32(digit - UInt8(ascii: "0"))])
      any = true
    }
    guard any else { return nil }
    self = number
  }
}
