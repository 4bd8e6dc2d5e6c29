/// The walk from token to token: JSON's grammar as a loop with a stack of its own, so that no input can exhaust ours.
///
/// It relies on three facts of the index: strings are closed, every scalar that follows white space or a string has an entry, and
/// nothing but the rest of a token and white space stands between two entries.
struct JSONWalk {
  private enum Expected {
    case value
    case nameOrClose
    case name
    case elementOrClose
    case commaOrClose
  }

  private let start: Int
  private let end: Int
  private let hasEscapes: Bool

  init(start: Int, end: Int, hasEscapes: Bool) {
    self.start = start
    self.end = end
    self.hasEscapes = hasEscapes
  }

  func run(
    _ arena: Swift.Span<UInt8>, _ index: Swift.Span<UInt32>, _ tokens: inout MutableSpan<JSONToken>,
    _ stack: inout MutableSpan<UInt32>
  ) -> JSONFault? {
    let count = index.count
    var entry = 0
    var written = 0
    var depth = 0
    var expected = Expected.value
    while entry < count {
      let at = start &+ Int(index[entry])
      let next = entry &+ 1 < count ? start &+ Int(index[entry &+ 1]) : end
      let byte = arena[at]
      switch expected {
      case .nameOrClose where byte == UInt8(ascii: "}"), .elementOrClose where byte == UInt8(ascii: "]"):
        depth &-= 1
        close(&tokens[Int(stack[depth])], at, written)
        expected = .commaOrClose
        entry &+= 1

      case .nameOrClose, .name:
        guard byte == UInt8(ascii: "\"") else { return .unexpected(at: at - start) }
        if let fault = string(arena, at, next, &tokens, &written) { return fault }
        entry &+= 1
        guard entry < count else { return .truncated }
        let colon = start &+ Int(index[entry])
        guard arena[colon] == UInt8(ascii: ":") else { return .unexpected(at: colon - start) }
        entry &+= 1
        expected = .value

      case .value, .elementOrClose:
        switch byte {
        case UInt8(ascii: "\""):
          if let fault = string(arena, at, next, &tokens, &written) { return fault }
          expected = .commaOrClose
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          guard depth < JSONText.depthMax else { return .tooDeep }
          stack[depth] = UInt32(written)
          depth &+= 1
          let isObject = byte == UInt8(ascii: "{")
          tokens[written] = JSONToken(
            kind: isObject ? .object : .array, escaped: false, start: UInt32(at), length: 0, end: 0)
          written &+= 1
          expected = isObject ? .nameOrClose : .elementOrClose
        default:
          if let fault = scalar(arena, at, next, byte, &tokens, &written) { return fault }
          expected = .commaOrClose
        }
        entry &+= 1

      case .commaOrClose:
        guard depth > 0 else { return .trailing(at: at - start) }
        let isObject = tokens[Int(stack[depth &- 1])].kind == .object
        if byte == UInt8(ascii: ",") {
          expected = isObject ? .name : .value
        } else if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          depth &-= 1
          close(&tokens[Int(stack[depth])], at, written)
        } else {
          return .unexpected(at: at - start)
        }
        entry &+= 1
      }
    }
    return depth == 0 && expected == .commaOrClose ? nil : .truncated
  }

  @inline(__always)
  private func close(_ token: inout JSONToken, _ at: Int, _ written: Int) {
    token.length = UInt32(at &+ 1) &- token.start
    token.end = UInt32(written)
  }

  @inline(__always)
  private func string(
    _ arena: Swift.Span<UInt8>, _ at: Int, _ next: Int, _ tokens: inout MutableSpan<JSONToken>, _ written: inout Int
  ) -> JSONFault? {
    // Only white space stands between the closing quote and the next entry.
    var close = next &- 1
    while close > at, arena[close].isJSONSpace { close &-= 1 }
    guard close > at, arena[close] == UInt8(ascii: "\"") else { return .brokenString }
    var escaped = false
    if hasEscapes, arena.contains(0x5C, from: at &+ 1, to: close) {
      escaped = true
      if let bad = JSONString.badEscape(arena, from: at + 1, to: close) { return .badEscape(at: bad - start) }
    }
    tokens[written] = JSONToken(
      kind: .string, escaped: escaped, start: UInt32(at &+ 1), length: UInt32(close &- at &- 1),
      end: UInt32(written &+ 1))
    written &+= 1
    return nil
  }

  @inline(__always)
  private func scalar(
    _ arena: Swift.Span<UInt8>, _ at: Int, _ next: Int, _ byte: UInt8, _ tokens: inout MutableSpan<JSONToken>,
    _ written: inout Int
  ) -> JSONFault? {
    let kind: JSONToken.Kind
    let stop: Int
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      guard let behind = JSONNumber.end(arena, from: at, to: next) else { return .badNumber(at: at - start) }
      kind = .number
      stop = behind
    case UInt8(ascii: "t"):
      kind = .true
      stop = literal(arena, at, next, 0x6575_7274, 4)
    case UInt8(ascii: "n"):
      kind = .null
      stop = literal(arena, at, next, 0x6C6C_756E, 4)
    case UInt8(ascii: "f"):
      kind = .false
      stop = literal(arena, at, next, 0x65_736C_6166, 5)
    default:
      return .unexpected(at: at - start)
    }
    // A scalar that runs on without a break, such as `truex` or `12"a"`, has no entry of its own for the rest.
    guard stop > at, stop == next || arena[stop].isJSONSpace else {
      return kind == .number ? .badNumber(at: at - start) : .unexpected(at: at - start)
    }
    tokens[written] = JSONToken(
      kind: kind, escaped: false, start: UInt32(at), length: UInt32(stop &- at), end: UInt32(written &+ 1))
    written &+= 1
    return nil
  }

  /// Where the literal ends, or `at` if it is not there. `word` is its text as a little-endian number.
  @inline(__always)
  private func literal(_ arena: Swift.Span<UInt8>, _ at: Int, _ next: Int, _ word: UInt64, _ length: Int) -> Int {
    guard at &+ length <= next else { return at }
    let mask: UInt64 = (1 << UInt64(8 &* length)) &- 1
    return arena.word(at: at) & mask == word ? at &+ length : at
  }
}

extension UInt8 {
  @inline(__always)
  var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }

  @inline(__always)
  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
}
