/// Why bytes are not one JSON value.
struct NotJSON: Error {
  let what: String
  let position: Int

  var detail: String { "byte \(position): \(what)" }
}

/// Reads one JSON value (RFC 8259) from bytes that are known to be UTF-8.
///
/// It gives up speed and memory for being plain: every value becomes a tree.
struct JSONReader {
  /// Choice: the contract names no depth. Deeper values are refused as not JSON, which bounds the recursion here.
  static let depthMax = 512

  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The one value that the bytes are. A byte order mark is no blank and so is refused.
  static func value(of bytes: [UInt8]) throws(NotJSON) -> JSONValue {
    var reader = JSONReader(bytes)
    let value = try reader.readValue(depth: 0)
    reader.skipBlanks()
    guard reader.position == bytes.count else { throw reader.refusal("more than one value") }
    return value
  }

  private func refusal(_ what: String) -> NotJSON {
    NotJSON(what: what, position: position)
  }

  private var next: UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func readValue(depth: Int) throws(NotJSON) -> JSONValue {
    skipBlanks()
    guard let byte = next else { throw refusal("a value is missing") }
    switch byte {
    case UInt8(ascii: "{"): return try readObject(depth: depth + 1)
    case UInt8(ascii: "["): return try readArray(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
    case UInt8(ascii: "t"): return try readWord("true", .boolean(true))
    case UInt8(ascii: "f"): return try readWord("false", .boolean(false))
    case UInt8(ascii: "n"): return try readWord("null", .null)
    default: throw refusal("no value starts like this")
    }
  }

  private mutating func readWord(_ word: String, _ meaning: JSONValue) throws(NotJSON) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw refusal("only true, false and null are words") }
    position += word.utf8.count
    return meaning
  }

  private mutating func readNumber() throws(NotJSON) -> JSONValue {
    let text = Array(bytes[position...].prefix { Unicode.Scalar($0).isPartOfNumber })
    guard JSONNumber(text) != nil else { throw refusal("not a number as JSON writes it") }
    position += text.count
    return .number(text: text)
  }

  private mutating func readArray(depth: Int) throws(NotJSON) -> JSONValue {
    guard depth <= Self.depthMax else { throw refusal("nested deeper than \(Self.depthMax)") }
    position += 1
    var elements: [JSONValue] = []
    skipBlanks()
    if skip("]") { return .array(elements) }
    while true {
      elements.append(try readValue(depth: depth))
      skipBlanks()
      if skip("]") { return .array(elements) }
      guard skip(",") else { throw refusal("a comma or ']' is missing") }
    }
  }

  private mutating func readObject(depth: Int) throws(NotJSON) -> JSONValue {
    guard depth <= Self.depthMax else { throw refusal("nested deeper than \(Self.depthMax)") }
    position += 1
    var members: [JSONValue.Member] = []
    skipBlanks()
    if skip("}") { return .object(members) }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw refusal("a member's name is missing") }
      let name = try readString()
      skipBlanks()
      guard skip(":") else { throw refusal("a colon is missing") }
      members.append(JSONValue.Member(name: name, value: try readValue(depth: depth)))
      skipBlanks()
      if skip("}") { return .object(members) }
      guard skip(",") else { throw refusal("a comma or '}' is missing") }
    }
  }

  private mutating func readString() throws(NotJSON) -> OracleText {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return OracleText(bytes: text)
      case UInt8(ascii: "\\"): text += try readEscape()
      case 0x00..<0x20: throw refusal("a control character stands bare in a string")
      default: text.append(byte)
      }
    }
    throw refusal("a string does not end")
  }

  private mutating func readEscape() throws(NotJSON) -> [UInt8] {
    guard let byte = next else { throw refusal("a string does not end") }
    position += 1
    switch Unicode.Scalar(byte) {
    case "\"", "\\", "/": return [byte]
    case "b": return [0x08]
    case "f": return [0x0C]
    case "n": return [0x0A]
    case "r": return [0x0D]
    case "t": return [0x09]
    case "u": return UTF8Check.bytes(of: try readCodePoint())
    default: throw refusal("an unknown escape")
    }
  }

  /// Choice: an escape of half a surrogate pair names no character and has no UTF-8, so the whole value is not JSON.
  private mutating func readCodePoint() throws(NotJSON) -> UInt32 {
    let first = try readFourHexDigits()
    switch first {
    case 0xD800...0xDBFF:
      guard skip("\\"), skip("u") else { throw refusal("half a surrogate pair") }
      let second = try readFourHexDigits()
      guard (0xDC00...0xDFFF).contains(second) else { throw refusal("half a surrogate pair") }
      return 0x1_0000 + (first - 0xD800) * 0x400 + (second - 0xDC00)
    case 0xDC00...0xDFFF:
      throw refusal("half a surrogate pair")
    default:
      return first
    }
  }

  private mutating func readFourHexDigits() throws(NotJSON) -> UInt32 {
    var number: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw refusal("four hexadecimal digits are missing")
      }
      number = number * 16 + UInt32(digit)
      position += 1
    }
    return number
  }
}

extension Unicode.Scalar {
  fileprivate var isPartOfNumber: Bool {
    switch self {
    case "0"..."9", "-", "+", ".", "e", "E": true
    default: false
    }
  }
}
