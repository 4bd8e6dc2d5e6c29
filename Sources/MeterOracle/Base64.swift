/// Base64 of RFC 4648 with padding, as the record file uses it.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")

  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = Array(bytes[start..<min(start + 3, bytes.count)])
      let filled = group + [UInt8](repeating: 0, count: 3 - group.count)
      let bits = filled.reduce(0) { $0 * 256 + Int($1) }
      var digits = [18, 12, 6, 0].map { alphabet[(bits >> $0) & 63] }
      for place in group.count + 1..<4 { digits[place] = padding }
      text += digits
    }
    return text
  }

  /// Nil unless the text is exactly what `encode` makes of some bytes.
  static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: text.count, by: 4) {
      let group = text[start..<start + 4].prefix { $0 != padding }
      guard group.count >= 2 else { return nil }
      var bits = 0
      for character in group {
        guard let digit = alphabet.firstIndex(of: character) else { return nil }
        bits = bits * 64 + digit
      }
      bits <<= 6 * (4 - group.count)
      bytes += [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)].prefix(group.count - 1)
    }
    return encode(bytes) == text ? bytes : nil
  }
}
