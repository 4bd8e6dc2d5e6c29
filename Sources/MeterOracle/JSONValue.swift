/// A JSON value as it was written: numbers keep their text, objects keep their order and every member that comes twice.
enum JSONValue: Hashable, Sendable {
  struct Member: Hashable, Sendable {
    let name: OracleText
    let value: JSONValue
  }

  /// What stands at the end of a path.
  enum Found {
    case absent
    case one(JSONValue)
    /// A member on the way, or the last one, comes twice.
    case twice
  }

  case null
  case boolean(Bool)
  case number(text: [UInt8])
  case string(OracleText)
  case array([JSONValue])
  case object([Member])

  /// Follows a dotted path below an object. Choice: a step into something that is not an object finds nothing.
  func find(_ path: [OracleText]) -> Found {
    var current = self
    for step in path {
      guard case .object(let members) = current else { return .absent }
      let matches = members.filter { $0.name == step }
      if matches.count > 1 { return .twice }
      guard let match = matches.first else { return .absent }
      current = match.value
    }
    return .one(current)
  }

  /// The text of a scalar: strings unescaped, numbers and booleans as written. Nil for null, arrays and objects.
  var scalarText: OracleText? {
    switch self {
    case .boolean(let flag): flag ? "true" : "false"
    case .number(let text): OracleText(bytes: text)
    case .string(let text): text
    case .null, .array, .object: nil
    }
  }

  /// The same value with the members of every object in order of their names, so that two values are the same JSON
  /// value exactly when their sorted forms are equal. Choice: members that come twice and are not used stay, in the
  /// order in which they came, and belong to the content.
  var sorted: JSONValue {
    switch self {
    case .null, .boolean, .number, .string:
      return self
    case .array(let elements):
      return .array(elements.map(\.sorted))
    case .object(let members):
      let inOrder = members.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }
      return .object(inOrder.map { Member(name: $0.element.name, value: $0.element.value.sorted) })
    }
  }
}
