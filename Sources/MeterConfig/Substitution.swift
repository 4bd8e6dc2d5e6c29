/// `${NAME}` and `${NAME:-default}` in the text of a scalar; `$$` is a dollar, and so is one that begins none of these.
///
/// It is done once and on values only: what a variable holds is never read as YAML or as another substitution, so an
/// environment cannot change the shape of a file. As in a shell, the default also stands for a variable that is empty.
struct Substitution {
  var text: String
  /// Whether a variable was read: such a value counts as bare, however it was quoted to please YAML.
  var readsEnvironment: Bool

  enum Fault: Error {
    case unset(String)
    case unfinished
    case badName
  }

  init(_ source: String, environment: (String) -> String?) throws(Fault) {
    text = source
    readsEnvironment = false
    guard source.utf8.contains(UInt8(ascii: "$")) else { return }

    var result: [UInt8] = []
    var rest = Array(source.utf8)[...]
    while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
      result += rest[..<dollar]
      rest = rest[(dollar + 1)...]
      if rest.first == UInt8(ascii: "$") {
        result.append(UInt8(ascii: "$"))
        rest = rest.dropFirst()
      } else if rest.first == UInt8(ascii: "{") {
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw .unfinished }
        result += try Self.value(of: rest[(dollar + 2)..<end], environment)
        rest = rest[(end + 1)...]
        readsEnvironment = true
      } else {
        result.append(UInt8(ascii: "$"))
      }
    }
    text = String(decoding: result + rest, as: UTF8.self)
  }

  private static func value(of inside: ArraySlice<UInt8>, _ environment: (String) -> String?) throws(Fault) -> [UInt8] {
    let nameEnd = inside.firstIndex(of: UInt8(ascii: ":")) ?? inside.endIndex
    let name = String(decoding: inside[..<nameEnd], as: UTF8.self)
    var fallback: [UInt8]?
    if nameEnd < inside.endIndex {
      let mark = inside[nameEnd...]
      guard mark.starts(with: ":-".utf8) else { throw .badName }
      fallback = Array(mark.dropFirst(2))
    }
    guard isVariableName(name) else { throw .badName }
    let value = environment(name)
    if let fallback, value?.isEmpty ?? true { return fallback }
    guard let value else { throw .unset(name) }
    return Array(value.utf8)
  }

  private static func isVariableName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
  }
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}

/// Control characters as the contract counts them: C0, DEL and C1. They have no place in a name, a path or an address.
func holdsControlCharacter(_ text: String) -> Bool {
  text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
}
