import MeterModel

extension Decoder {
  /// What a repeated event must share with the first to be its duplicate: type, time, data and corrections.
  /// Tenant, source and id are the identity. `data` counts as a JSON value: the order of members, white space and escapes do not matter, a number's text does.
  func content(_ type: UInt64, _ attributes: Attributes, _ arena: Swift.Span<UInt8>, seed: UInt64) -> UInt64 {
    // Absent, null and empty data are one and the same.
    let data = attributes.data >= 0 ? value(Int(attributes.data), arena, seed) : Self.emptyObject
    return Self.content(type, attributes.time, data: data, seed: seed)
  }

  @inline(__always)
  static func content(_ type: UInt64, _ time: Instant?, data: UInt64, seed: UInt64) -> UInt64 {
    var hash = Fingerprint.join(type, seed)
    if let time { hash = Fingerprint.join(hash, UInt64(bitPattern: time.nanoseconds)) }
    return Fingerprint.join(hash, data)
  }

  /// A correction with the content it carries. A plain event's is the content itself, so that a void, which carries its original's,
  /// knows what to look for.
  static func corrected(_ content: UInt64, _ kind: EventBatch.Kind, corrects: UInt64?) -> UInt64 {
    if kind == .usage, corrects == nil { return content }
    return Fingerprint.join(Fingerprint.join(content, UInt64(kind.rawValue) &+ 1), corrects ?? 0)
  }

  /// What is kept of a content: 21 bits.
  static func check(_ content: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: content >> 43) }

  static let emptyObject: UInt64 = 0x6F62_6A65_6374_0000

  private func value(_ index: Int, _ arena: Swift.Span<UInt8>, _ seed: UInt64) -> UInt64 {
    let token = json.tokens[index]
    switch token.kind {
    case .object:
      // Members are added up, so that their order does not matter.
      var sum = Self.emptyObject
      var at = index &+ 1
      while at < Int(token.end) {
        let name = text(json.tokens[at], arena, seed)
        sum &+= Fingerprint.join(name, value(at &+ 1, arena, seed))
        at = Int(json.tokens[at &+ 1].end)
      }
      return sum
    case .array:
      var hash: UInt64 = 0x6172_7261_7900_0000
      var at = index &+ 1
      while at < Int(token.end) {
        hash = Fingerprint.join(hash, value(at, arena, seed))
        at = Int(json.tokens[at].end)
      }
      return hash
    case .string:
      return text(token, arena, seed)
    case .number:
      return text(token, arena, seed &+ 1)
    case .true: return 1
    case .false: return 2
    case .null: return 3
    }
  }

  @inline(__always)
  func text(_ token: JSONToken, _ arena: Swift.Span<UInt8>, _ seed: UInt64) -> UInt64 {
    let start = Int(token.start)
    guard token.escaped else {
      return unsafe arena.withUnsafeBufferPointer {
        unsafe Fingerprint.brief($0.baseAddress! + start, Int(token.length), seed: seed)
      }
    }
    var text: [UInt8] = []
    _ = JSONString.unescape(arena, from: start, to: start + Int(token.length), into: &text)
    let length = text.count
    text.append(contentsOf: repeatElement(0, count: 16))
    return unsafe text.withUnsafeBufferPointer { unsafe Fingerprint.brief($0.baseAddress!, length, seed: seed) }
  }
}
