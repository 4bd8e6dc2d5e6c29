/// Words of an event or of the catalog: tenants, sources, ids, types, dimension values, header names.
///
/// Swift's own `String` finds two texts equal that differ in bytes ("é" has two spellings). The contract says that
/// strings are UTF-8 and compared byte by byte, never by Unicode equivalence, so the oracle compares and sorts bytes.
public struct OracleText: Hashable, Comparable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  public init(_ text: String) {
    self.bytes = Array(text.utf8)
  }

  public init(stringLiteral text: String) {
    self.init(text)
  }

  public var description: String {
    String(decoding: bytes, as: UTF8.self)
  }

  public static func < (left: OracleText, right: OracleText) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }

  /// NUL and the other C0 controls, DEL, and the C1 controls U+0080 to U+009F, which UTF-8 writes as C2 80 to C2 9F.
  var hasControlCharacters: Bool {
    for (index, byte) in bytes.enumerated() {
      if byte < 0x20 || byte == 0x7F { return true }
      if byte == 0xC2, index + 1 < bytes.count, bytes[index + 1] <= 0x9F { return true }
    }
    return false
  }

  /// The steps of a dotted path. A member whose name holds a dot cannot be reached.
  var pathSteps: [OracleText] {
    bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { OracleText(bytes: Array($0)) }
  }
}
