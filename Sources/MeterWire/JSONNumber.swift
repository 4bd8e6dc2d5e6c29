/// JSON's grammar of numbers: an optional minus, digits without a leading zero, a fraction, an exponent.
enum JSONNumber {
  /// Where the number that begins at `start` ends, or nil if none does. Reads no byte at or beyond `limit`.
  @inline(__always)
  static func end(_ arena: Swift.Span<UInt8>, from start: Int, to limit: Int) -> Int? {
    var at = start
    if at < limit, arena[at] == UInt8(ascii: "-") { at &+= 1 }
    guard at < limit, arena[at].isDigit else { return nil }
    if arena[at] == UInt8(ascii: "0") {
      at &+= 1
      if at < limit, arena[at].isDigit { return nil }
    } else {
      while at < limit, arena[at].isDigit { at &+= 1 }
    }
    if at < limit, arena[at] == UInt8(ascii: ".") {
      at &+= 1
      guard at < limit, arena[at].isDigit else { return nil }
      while at < limit, arena[at].isDigit { at &+= 1 }
    }
    if at < limit, arena[at] | 0x20 == UInt8(ascii: "e") {
      at &+= 1
      if at < limit, arena[at] == UInt8(ascii: "+") || arena[at] == UInt8(ascii: "-") { at &+= 1 }
      guard at < limit, arena[at].isDigit else { return nil }
      while at < limit, arena[at].isDigit { at &+= 1 }
    }
    return at
  }
}
