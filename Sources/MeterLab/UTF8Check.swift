/// Whether bytes are UTF-8 by the letter of its definition: no overlong forms, no surrogates, nothing past U+10FFFF.
enum UTF8Check {
  static func holds(_ bytes: Span<UInt8>) -> Bool {
    var at = 0
    while at < bytes.count {
      let first = bytes[at]
      if first < 0x80 {
        at += 1
        continue
      }
      // How many bytes follow, and what the first of them may be.
      let length: Int
      let second: ClosedRange<UInt8>
      switch first {
      case 0xC2...0xDF: (length, second) = (1, 0x80...0xBF)
      case 0xE0: (length, second) = (2, 0xA0...0xBF)
      case 0xED: (length, second) = (2, 0x80...0x9F)
      case 0xE1...0xEF: (length, second) = (2, 0x80...0xBF)
      case 0xF0: (length, second) = (3, 0x90...0xBF)
      case 0xF1...0xF3: (length, second) = (3, 0x80...0xBF)
      case 0xF4: (length, second) = (3, 0x80...0x8F)
      default: return false
      }
      guard at + length < bytes.count, second.contains(bytes[at + 1]) else { return false }
      for i in (at + 2)..<(at + 1 + length) where bytes[i] & 0xC0 != 0x80 { return false }
      at += length + 1
    }
    return true
  }
}
