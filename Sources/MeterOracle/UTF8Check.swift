/// Says whether bytes are UTF-8 as RFC 3629 has it: no stray or missing continuation bytes, no character written longer
/// than needed, no surrogates, nothing above U+10FFFF.
enum UTF8Check {
  static func isValid(_ bytes: [UInt8]) -> Bool {
    var position = 0
    while position < bytes.count {
      let lead = bytes[position]
      let length: Int
      let smallest: UInt32
      var scalar: UInt32
      switch lead {
      case 0x00...0x7F: (length, smallest, scalar) = (1, 0, UInt32(lead))
      case 0xC0...0xDF: (length, smallest, scalar) = (2, 0x80, UInt32(lead & 0x1F))
      case 0xE0...0xEF: (length, smallest, scalar) = (3, 0x800, UInt32(lead & 0x0F))
      case 0xF0...0xF7: (length, smallest, scalar) = (4, 0x1_0000, UInt32(lead & 0x07))
      default: return false
      }
      guard position + length <= bytes.count else { return false }
      for continuation in bytes[position + 1..<position + length] {
        guard continuation & 0xC0 == 0x80 else { return false }
        scalar = scalar * 64 + UInt32(continuation & 0x3F)
      }
      let isSurrogate = scalar >= 0xD800 && scalar <= 0xDFFF
      guard scalar >= smallest, scalar <= 0x10_FFFF, !isSurrogate else { return false }
      position += length
    }
    return true
  }

  /// The UTF-8 bytes of one character. The caller has made sure that it is no surrogate.
  static func bytes(of scalar: UInt32) -> [UInt8] {
    func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (scalar >> shift) & 0x3F) }
    switch scalar {
    case 0..<0x80: return [UInt8(scalar)]
    case 0x80..<0x800: return [UInt8(0xC0 | scalar >> 6), continuation(0)]
    case 0x800..<0x1_0000: return [UInt8(0xE0 | scalar >> 12), continuation(6), continuation(0)]
    default: return [UInt8(0xF0 | scalar >> 18), continuation(12), continuation(6), continuation(0)]
    }
  }
}
