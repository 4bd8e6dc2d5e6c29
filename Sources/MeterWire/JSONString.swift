/// Strings with escapes: checked when read, turned into text only where somebody wants the text.
enum JSONString {
  /// Position of the first escape that JSON does not have, or nil.
  static func badEscape(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int) -> Int? {
    var at = start
    while at < end {
      guard arena[at] == UInt8(ascii: "\\") else {
        at += 1
        continue
      }
      guard at + 1 < end else { return at }
      switch arena[at + 1] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
        UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
        at += 2
      case UInt8(ascii: "u"):
        guard at + 6 <= end, let unit = hex(arena, at + 2) else { return at }
        // Half of a surrogate pair names no character and has no UTF-8.
        if unit & 0xFC00 == 0xDC00 { return at }
        if unit & 0xFC00 == 0xD800 {
          guard at + 12 <= end, arena[at + 6] == UInt8(ascii: "\\"), arena[at + 7] == UInt8(ascii: "u"),
            let low = hex(arena, at + 8), low & 0xFC00 == 0xDC00
          else { return at }
          at += 6
        }
        at += 6
      default:
        return at
      }
    }
    return nil
  }

  /// Appends the string's text to `scratch`. Escapes were checked before. False when the text has a surrogate without its other
  /// half: it is then no Unicode text, and stands in `scratch` as three bytes so that two such strings still compare.
  static func unescape(_ arena: Swift.Span<UInt8>, from start: Int, to end: Int, into scratch: inout [UInt8]) -> Bool {
    var sound = true
    var at = start
    while at < end {
      let byte = arena[at]
      guard byte == UInt8(ascii: "\\") else {
        scratch.append(byte)
        at += 1
        continue
      }
      let letter = arena[at + 1]
      at += 2
      switch letter {
      case UInt8(ascii: "b"): scratch.append(0x08)
      case UInt8(ascii: "f"): scratch.append(0x0C)
      case UInt8(ascii: "n"): scratch.append(0x0A)
      case UInt8(ascii: "r"): scratch.append(0x0D)
      case UInt8(ascii: "t"): scratch.append(0x09)
      case UInt8(ascii: "u"):
        var point = hex(arena, at) ?? 0
        at += 4
        if point & 0xFC00 == 0xD800, at + 6 <= end, arena[at] == UInt8(ascii: "\\"), arena[at + 1] == UInt8(ascii: "u"),
          let low = hex(arena, at + 2), low & 0xFC00 == 0xDC00
        {
          point = 0x10000 + ((point & 0x3FF) << 10) + (low & 0x3FF)
          at += 6
        } else if point & 0xF800 == 0xD800 {
          sound = false
        }
        append(point, to: &scratch)
      default: scratch.append(letter)
      }
    }
    return sound
  }

  private static func append(_ point: UInt32, to scratch: inout [UInt8]) {
    switch point {
    case 0..<0x80:
      scratch.append(UInt8(point))
    case 0x80..<0x800:
      scratch.append(UInt8(0xC0 | point >> 6))
      scratch.append(UInt8(0x80 | point & 0x3F))
    case 0x800..<0x10000:
      scratch.append(UInt8(0xE0 | point >> 12))
      scratch.append(UInt8(0x80 | point >> 6 & 0x3F))
      scratch.append(UInt8(0x80 | point & 0x3F))
    default:
      scratch.append(UInt8(0xF0 | point >> 18))
      scratch.append(UInt8(0x80 | point >> 12 & 0x3F))
      scratch.append(UInt8(0x80 | point >> 6 & 0x3F))
      scratch.append(UInt8(0x80 | point & 0x3F))
    }
  }

  private static func hex(_ arena: Swift.Span<UInt8>, _ start: Int) -> UInt32? {
    var point: UInt32 = 0
    for at in start..<start + 4 {
      let digit: UInt8
      switch arena[at] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = arena[at] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = arena[at] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = arena[at] - UInt8(ascii: "A") + 10
      default: return nil
      }
      point = point << 4 | UInt32(digit)
    }
    return point
  }
}
