/// One value or member name of a JSON text, in the order of the text.
///
/// An object's token is followed by pairs of a name and a value, an array's by its elements. `end` is the index of the token behind
/// the value with all it holds, so that a reader steps over what it does not want.
struct JSONToken {
  enum Kind: UInt8 {
    case object
    case array
    case string
    case number
    case `true`
    case `false`
    case null
  }

  var kind: Kind
  /// Whether a string has escapes, so that its bytes are not its text.
  var escaped: Bool
  /// Where its bytes begin in the arena: behind the opening quote for a string.
  var start: UInt32
  /// How many bytes; a string's without its quotes, an object's and an array's with their brackets.
  var length: UInt32
  var end: UInt32

  static let blank = JSONToken(kind: .null, escaped: false, start: 0, length: 0, end: 0)
}

/// Why a text is not one JSON value.
enum JSONFault: Equatable {
  case notUTF8
  case empty
  case byteOrderMark
  case brokenString
  case badEscape(at: Int)
  case badNumber(at: Int)
  case unexpected(at: Int)
  case trailing(at: Int)
  case truncated
  case tooDeep
  case noRoom

  /// For the person who reads the quarantine. Positions count bytes from 0.
  var words: String {
    switch self {
    case .notUTF8: "the bytes are not UTF-8"
    case .empty: "there is no JSON value"
    case .byteOrderMark: "the value begins with a byte order mark"
    case .brokenString: "a string is not closed, or holds a raw control character"
    case .badEscape(let at): "a string holds an escape that JSON does not have (byte \(at))"
    case .badNumber(let at): "a number is not written as JSON allows (byte \(at))"
    case .unexpected(let at): "something stands where JSON does not allow it (byte \(at))"
    case .trailing(let at): "something follows the JSON value (byte \(at))"
    case .truncated: "the JSON value ends too early"
    case .tooDeep: "the JSON value is nested deeper than \(JSONText.depthMax) levels"
    case .noRoom: "the JSON value is too large to be indexed"
    }
  }
}
