import MeterModel

/// What a text must be like to be taken, with the words that say so.
struct TextRule: Sendable {
  let expects: String
  let accepts: @Sendable (String) -> Bool
}

/// The type of a setting with its bounds, and where its value goes.
enum SettingKind: Sendable {
  typealias Field<Value> = WritableKeyPath<Settings, Value> & Sendable

  case text(Field<String>, TextRule)
  case path(Field<String>)
  case secret(Field<Secret>, TextRule)
  case duration(Field<TimeSpan>, ClosedRange<TimeSpan>)
  /// A duration that must be one of a few.
  case oneDuration(Field<TimeSpan>, [TimeSpan])
  case size(Field<ByteSize>, ClosedRange<ByteSize>)
  case integer(Field<Int>, ClosedRange<Int>)
  case boolean(Field<Bool>)
  case choice([String], get: @Sendable (Settings) -> String, set: @Sendable (inout Settings, String) -> Void)
  case texts(Field<[String]>, TextRule, countMax: Int)
  case properties(Field<KafkaProperties>)
  case lanes(Field<Settings.Lanes>, ClosedRange<Int>)
  case address(Field<ListenAddress>)

  /// One of the cases of an enumeration, by its raw value.
  static func choice<Choice>(_ field: Field<Choice>) -> SettingKind
  where Choice: RawRepresentable<String> & CaseIterable & Sendable {
    .choice(
      Choice.allCases.map(\.rawValue), get: { $0[keyPath: field].rawValue },
      set: { settings, text in
        if let choice = Choice(rawValue: text) { settings[keyPath: field] = choice }
      })
  }

  /// The type and its bounds in the words of messages and of the manual.
  var expects: String {
    switch self {
    case .text(_, let rule), .secret(_, let rule): rule.expects
    case .path: "the path of a file, up to 4096 bytes"
    case .duration(_, let bounds): "a duration from \(bounds.lowerBound.text) to \(bounds.upperBound.text)"
    case .oneDuration(_, let spans): alternatives(spans.map(\.text))
    case .size(_, let bounds): "a size from \(bounds.lowerBound.text) to \(bounds.upperBound.text)"
    case .integer(_, let bounds): "an integer from \(bounds.lowerBound) to \(bounds.upperBound)"
    case .boolean: "true or false"
    case .choice(let choices, _, _): alternatives(choices)
    case .texts(_, let rule, let countMax): "a list of 1 to \(countMax), each \(rule.expects)"
    case .properties: "a mapping of librdkafka properties"
    case .lanes(_, let bounds): "auto or an integer from \(bounds.lowerBound) to \(bounds.upperBound)"
    case .address: "HOST:PORT, such as 127.0.0.1:8080, [::1]:8080 or localhost:8080"
    }
  }

  /// The value as the file would say it: one line, or for properties one line each.
  ///
  /// Two values of a setting are the same exactly when these texts are, secrets included; so only `redacted` ones may
  /// be shown.
  func text(in settings: Settings, redacted: Bool) -> [String] {
    switch self {
    case .text(let field, _), .path(let field): [scalarText(settings[keyPath: field])]
    case .secret(let field, _): [redacted ? Secret.redaction : scalarText(settings[keyPath: field].exposed)]
    case .duration(let field, _), .oneDuration(let field, _): [settings[keyPath: field].text]
    case .size(let field, _): [settings[keyPath: field].text]
    case .integer(let field, _): [String(settings[keyPath: field])]
    case .boolean(let field): [settings[keyPath: field] ? "true" : "false"]
    case .choice(_, let get, _): [get(settings)]
    case .texts(let field, _, _): ["[" + settings[keyPath: field].map(scalarText).joined(separator: ", ") + "]"]
    case .properties(let field):
      settings[keyPath: field].all.isEmpty
        ? ["{}"]
        : settings[keyPath: field].all.map {
          "\($0.name): \(redacted && $0.isSecret ? Secret.redaction : scalarText($0.value))"
        }
    case .lanes(let field, _):
      switch settings[keyPath: field] {
      case .auto: ["auto"]
      case .count(let count): [String(count)]
      }
    case .address(let field): [scalarText(settings[keyPath: field].text)]
    }
  }
}

/// A text as a YAML scalar that reads back as itself: bare where that is safe, else quoted, dollars doubled.
func scalarText(_ text: String) -> String {
  let isPlain = text.utf8.allSatisfy { isLetterOrDigit($0) || "._/-".utf8.contains($0) }
  let startsPlain = text.utf8.first.map { isLetterOrDigit($0) || $0 == UInt8(ascii: "/") } ?? false
  if isPlain, startsPlain, !["null", "Null", "NULL"].contains(text) { return text }
  var inside = ""
  let needsEscapes = holdsControlCharacter(text)
  for scalar in text.unicodeScalars {
    switch scalar {
    case "$": inside += "$$"
    case "'" where !needsEscapes: inside += "''"
    case "\\" where needsEscapes, "\"" where needsEscapes: inside += "\\\(scalar)"
    case _ where holdsControlCharacter(String(scalar)):
      let digits = String(scalar.value, radix: 16, uppercase: true)
      inside += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
    default: inside.unicodeScalars.append(scalar)
    }
  }
  return needsEscapes ? "\"\(inside)\"" : "'\(inside)'"
}
