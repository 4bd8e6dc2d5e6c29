/// A decoded claim that usage happened: one CloudEvent whose envelope is right.
struct Event {
  enum Correction {
    case none
    case void(original: OracleText)
    case adjust
  }

  /// The attributes that are used, but for `data`.
  static let attributes: [OracleText] = [
    "specversion", "id", "source", "type", "subject", "time", "correction", "corrects", "reservation",
  ]

  let id: OracleText
  let source: OracleText
  let type: OracleText
  let tenant: OracleText
  /// Nil when the event names no time: then it is its record's Kafka timestamp.
  let time: OracleInstant?
  /// Always an object.
  let data: JSONValue
  let correction: Correction
  let corrects: OracleText?

  /// Reads the envelope. Choice: what makes it no CloudEvent is looked for before what breaks an attribute's rule.
  init(_ claim: JSONValue) throws(Refusal) {
    guard case .object(let members) = claim else { throw Refusal(.notCloudEvent, "the event is not an object") }
    let envelope = Envelope(members: members)

    for name: OracleText in ["specversion", "id", "source", "type", "subject"] where envelope.isAbsent(name) {
      throw Refusal(.notCloudEvent, "\(name) is missing")
    }

    guard try envelope.string("specversion") == "1.0" else { throw Refusal(.badAttribute, "specversion is not 1.0") }
    id = try envelope.word("id", bytesMax: 256)
    source = try envelope.word("source", bytesMax: 256)
    type = try envelope.word("type", bytesMax: 128)
    tenant = try envelope.word("subject", bytesMax: 128)

    if let text = try envelope.string("time") {
      guard let instant = RFC3339.instant(text) else { throw Refusal(.badAttribute, "time is not RFC 3339") }
      time = instant
    } else {
      time = nil
    }

    switch try envelope.single("data") {
    case nil: data = .object([])
    case .some(let value):
      guard case .object = value else { throw Refusal(.badAttribute, "data is not an object") }
      data = value
    }
    // Choice: a data_base64 that is null is absent, as any attribute.
    if try envelope.single("data_base64") != nil { throw Refusal(.badAttribute, "data_base64 is not taken") }

    // Choice: `corrects` is an id, so it keeps an id's rule, also where no void reads it.
    corrects = try envelope.single("corrects") == nil ? nil : try envelope.word("corrects", bytesMax: 256)
    switch try envelope.string("correction") {
    case nil: correction = .none
    case "adjust": correction = .adjust
    case "void":
      // Choice: a void that names nothing breaks the rule of `corrects`; it is not an unknown original.
      guard let corrects else { throw Refusal(.badAttribute, "a void without corrects") }
      correction = .void(original: corrects)
    default: throw Refusal(.badAttribute, "correction is neither void nor adjust")
    }

    // Choice: the contract gives `reservation` no rule but what it is for, so any text will do.
    _ = try envelope.string("reservation")
  }
}

/// The members of a claim, asked for by name.
private struct Envelope {
  let members: [JSONValue.Member]

  func isAbsent(_ name: OracleText) -> Bool {
    members.allSatisfy { $0.name != name || $0.value == .null }
  }

  /// A member that is used and comes twice is refused, also if one of the two is null.
  func single(_ name: OracleText) throws(Refusal) -> JSONValue? {
    let matches = members.filter { $0.name == name }
    if matches.count > 1 { throw Refusal(.badAttribute, "\(name) comes twice") }
    guard let match = matches.first, match.value != .null else { return nil }
    return match.value
  }

  func string(_ name: OracleText) throws(Refusal) -> OracleText? {
    guard let value = try single(name) else { return nil }
    guard case .string(let text) = value else { throw Refusal(.badAttribute, "\(name) is not a string") }
    return text
  }

  /// A string of 1 to `bytesMax` bytes without control characters. The caller has seen that it is there.
  func word(_ name: OracleText, bytesMax: Int) throws(Refusal) -> OracleText {
    guard let text = try string(name) else { throw Refusal(.badAttribute, "\(name) is null") }
    guard (1...bytesMax).contains(text.bytes.count) else {
      throw Refusal(.badAttribute, "\(name) has not 1 to \(bytesMax) bytes")
    }
    if text.hasControlCharacters { throw Refusal(.badAttribute, "\(name) has control characters") }
    return text
  }
}
