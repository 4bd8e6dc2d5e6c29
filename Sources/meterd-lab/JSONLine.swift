/// One JSON object, written member by member on one line.
struct JSONLine: CustomStringConvertible {
  private var members: [String] = []

  var description: String { "{" + members.joined(separator: ",") + "}" }

  mutating func add(_ name: String, _ text: String) { add(name, written: Self.quoted(text)) }
  mutating func add(_ name: String, _ number: Int64) { add(name, written: String(number)) }
  mutating func add(_ name: String, _ flag: Bool) { add(name, written: flag ? "true" : "false") }
  mutating func add(_ name: String, _ object: JSONLine) { add(name, written: object.description) }

  private mutating func add(_ name: String, written value: String) { members.append(Self.quoted(name) + ":" + value) }

  /// What would break a line or drive a terminal is escaped.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\u{00}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
