/// A JSON string from UTF-8 bytes, with only those characters escaped that must be or that readers lose.
enum JSONText {
  static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
    text.append(34)
    var start = 0
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
      // A byte order mark at the front of a string is dropped by readers that take it for theirs.
      text.append(contentsOf: #"\ufeff"#.utf8)
      start = 3
    }
    for i in start..<bytes.count {
      let byte = bytes[i]
      switch byte {
      case 34, 92:
        text.append(92)
        text.append(byte)
      case 10:
        text.append(92)
        text.append(110)
      case 0..<32:
        text.append(contentsOf: #"\u00"#.utf8)
        text.append(byte < 16 ? 48 : 49)
        text.append(byte & 15 < 10 ? 48 + (byte & 15) : 87 + (byte & 15))
      default: text.append(byte)
      }
    }
    text.append(34)
  }
}
