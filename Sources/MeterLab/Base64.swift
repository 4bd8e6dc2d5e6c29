/// Bytes in base 64 with padding, the standard alphabet.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let length = min(3, bytes.count - start)
      var group: UInt32 = 0
      for i in 0..<3 { group = group << 8 | (i < length ? UInt32(bytes[start + i]) : 0) }
      for i in 0..<4 {
        text.append(i <= length ? alphabet[Int(group >> UInt32(18 - 6 * i)) & 63] : 61)
      }
    }
  }
}
