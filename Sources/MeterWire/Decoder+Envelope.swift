import MeterModel

extension Decoder {
  static let identityBytesMax = 256
  static let nameBytesMax = 128

  /// What an event says of itself, every rule kept.
  struct Attributes {
    var id: EventBatch.Bytes
    var source: EventBatch.Bytes
    var type: EventBatch.Bytes
    var subject: EventBatch.Bytes
    var time: Instant?
    var kind = EventBatch.Kind.usage
    var corrects: EventBatch.Bytes?
    /// Token index, `SaidAttributes.noData` for none.
    var data = SaidAttributes.noData
  }

  enum Checked {
    case kept(Attributes)
    case broken(Reason, String)
  }

  /// Goes once through the members of the object at token `root`.
  func attributes(_ root: Int, _ text: Swift.Span<UInt8>, _ scratch: inout [UInt8]) -> SaidAttributes {
    var said = SaidAttributes()
    let end = Int(json.tokens[root].end)
    var at = root &+ 1
    while at < end {
      if let name = name(json.tokens[at], text, &scratch) {
        if name == .data {
          said.noteData(Int32(at &+ 1))
        } else {
          said.note(name, word(at &+ 1, text, &scratch))
        }
      }
      at = Int(json.tokens[at &+ 1].end)
    }
    return said
  }

  @inline(__always)
  func name(
    _ token: JSONToken, _ text: Swift.Span<UInt8>, _ scratch: inout [UInt8]
  ) -> SaidAttributes.Name? {
    if token.escaped { return unescapedName(token, text, &scratch) }
    let length = Int(token.length)
    guard length >= 2, length <= 11 else { return nil }
    let start = Int(token.start)
    let head = text.word(at: start) & (length >= 8 ? .max : (1 << UInt64(8 &* length)) &- 1)
    return SaidAttributes.Name(
      head: head, tail: length > 8 ? text.word(at: start &+ length &- 8) : 0, length: length)
  }

  /// A name written with escapes is the name it stands for.
  private func unescapedName(
    _ token: JSONToken, _ text: Swift.Span<UInt8>, _ scratch: inout [UInt8]
  ) -> SaidAttributes.Name? {
    let first = scratch.count
    defer { scratch.removeSubrange(first...) }
    let start = Int(token.start)
    guard JSONString.unescape(text, from: start, to: start + Int(token.length), into: &scratch) else { return nil }
    let bytes = scratch[first...]
    guard (2...11).contains(bytes.count) else { return nil }
    func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    return SaidAttributes.Name(
      head: word(bytes.prefix(8)), tail: bytes.count > 8 ? word(bytes.suffix(8)) : 0, length: bytes.count)
  }

  @inline(__always)
  private func word(_ token: Int, _ text: Swift.Span<UInt8>, _ scratch: inout [UInt8]) -> SaidAttributes.Word {
    switch json.tokens[token].kind {
    case .null: return .absent
    case .string:
      if let bytes = plainText(token, text, &scratch) { return .text(bytes) }
      return .wrong
    default: return .wrong
    }
  }

  /// The text of a string token; nil when it is no Unicode text.
  func plainText(_ index: Int, _ text: Swift.Span<UInt8>, _ scratch: inout [UInt8]) -> EventBatch.Bytes? {
    let token = json.tokens[index]
    let start = Int(token.start)
    guard token.escaped else { return bytes(start, Int(token.length)) }
    let first = scratch.count
    guard JSONString.unescape(text, from: start, to: start + Int(token.length), into: &scratch) else { return nil }
    return EventBatch.Bytes(.scratch, start: first, length: scratch.count - first)
  }

  /// What is missing is looked at before what is wrong.
  func check(_ said: SaidAttributes, _ text: Swift.Span<UInt8>, _ scratch: [UInt8]) -> Checked {
    if let missing = Self.missing(said) { return .broken(.notCloudEvent, "'\(missing.text)' is missing") }
    if let twice = said.twice { return .broken(.badAttribute, "'\(twice.text)' stands twice") }
    guard case .text(let version) = said.specversion, version.equals("1.0", text, scratch) else {
      return .broken(.badAttribute, "'specversion' is not \"1.0\"")
    }
    guard let id = Self.name(said.id, Self.identityBytesMax, text, scratch) else { return Self.badName(.id) }
    guard let source = Self.name(said.source, Self.identityBytesMax, text, scratch) else {
      return Self.badName(.source)
    }
    guard let type = Self.name(said.type, Self.nameBytesMax, text, scratch) else { return Self.badName(.type) }
    guard let subject = Self.name(said.subject, Self.nameBytesMax, text, scratch) else { return Self.badName(.subject) }
    var attributes = Attributes(id: id, source: source, type: type, subject: subject)
    switch said.time {
    case .absent: break
    case .text(let time):
      guard let instant = Self.instant(time, text, scratch) else { return Self.badTime }
      attributes.time = instant
    case .wrong: return Self.badTime
    }
    if let broken = checkCorrection(said, &attributes, text, scratch) { return broken }
    if case .wrong = said.reservation { return .broken(.badAttribute, "'reservation' is not a string") }
    switch said.dataBase64 {
    case .absent: break
    default: return .broken(.badAttribute, "'data_base64' is not taken; 'data' must be a JSON object")
    }
    if said.data >= 0, json.tokens[Int(said.data)].kind != .null {
      guard json.tokens[Int(said.data)].kind == .object else {
        return .broken(.badAttribute, "'data' is not a JSON object")
      }
      attributes.data = said.data
    }
    return .kept(attributes)
  }

  private func checkCorrection(
    _ said: SaidAttributes, _ attributes: inout Attributes, _ text: Swift.Span<UInt8>, _ scratch: [UInt8]
  ) -> Checked? {
    switch said.corrects {
    case .absent: break
    default:
      guard let corrects = Self.name(said.corrects, Self.identityBytesMax, text, scratch) else {
        return Self.badName(.corrects)
      }
      attributes.corrects = corrects
    }
    switch said.correction {
    case .absent: return nil
    case .text(let word) where word.equals("adjust", text, scratch):
      attributes.kind = .adjust
      return nil
    case .text(let word) where word.equals("void", text, scratch):
      attributes.kind = .void
      return attributes.corrects == nil ? .broken(.badAttribute, "a void without 'corrects'") : nil
    default:
      return .broken(.badAttribute, "'correction' is neither \"void\" nor \"adjust\"")
    }
  }

  private static func missing(_ said: SaidAttributes) -> SaidAttributes.Name? {
    if case .absent = said.specversion { return .specversion }
    if case .absent = said.id { return .id }
    if case .absent = said.source { return .source }
    if case .absent = said.type { return .type }
    if case .absent = said.subject { return .subject }
    return nil
  }

  private static var badTime: Checked {
    .broken(.badAttribute, "'time' is not an RFC 3339 time of at most nine fraction digits")
  }

  private static func badName(_ name: SaidAttributes.Name) -> Checked {
    let bound = name == .type || name == .subject ? nameBytesMax : identityBytesMax
    return .broken(
      .badAttribute, "'\(name.text)' is not a string of 1 to \(bound) bytes without control characters")
  }

  /// A string that may be shown and stored: of bounded length, not empty, without control characters.
  @inline(__always)
  private static func name(
    _ word: SaidAttributes.Word, _ bound: Int, _ text: Swift.Span<UInt8>, _ scratch: [UInt8]
  ) -> EventBatch.Bytes? {
    guard case .text(let bytes) = word, bytes.length >= 1, bytes.length <= bound, !bytes.hasControls(text, scratch)
    else { return nil }
    return bytes
  }

  private static func instant(
    _ bytes: EventBatch.Bytes, _ text: Swift.Span<UInt8>, _ scratch: [UInt8]
  ) -> Instant? {
    bytes.isScratch
      ? TimeText.parse(scratch.span, from: bytes.start, to: bytes.end)
      : TimeText.parse(text, from: bytes.start, to: bytes.end)
  }
}

extension EventBatch.Bytes {
  /// Compares byte by byte, never by Unicode equivalence.
  func equals(_ wanted: StaticString, _ text: Swift.Span<UInt8>, _ scratch: [UInt8]) -> Bool {
    isScratch ? Headers.equals(scratch.span, start..<end, wanted) : Headers.equals(text, start..<end, wanted)
  }

  /// C0 and C1 controls, DEL and NUL.
  func hasControls(_ text: Swift.Span<UInt8>, _ scratch: [UInt8]) -> Bool {
    isScratch ? Self.hasControls(scratch.span, start, end) : Self.hasControls(text, start, end)
  }

  private static func hasControls(_ bytes: Swift.Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var at = start
    while at < end {
      let byte = bytes[at]
      if byte < 0x20 || byte == 0x7F { return true }
      // C1 controls are two bytes in UTF-8: C2, then 80 to 9F.
      if byte == 0xC2, at &+ 1 < end, bytes[at &+ 1] < 0xA0 { return true }
      at &+= 1
    }
    return false
  }
}
