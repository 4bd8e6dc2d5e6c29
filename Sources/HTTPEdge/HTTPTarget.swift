/// The path and query of a request, decoded once and strictly.
///
/// Segments are cut at slashes before percent-decoding, so an encoded slash is a part of a name and not a way to
/// another route. What decodes to control characters, NUL among them, or to bytes that are not UTF-8 is no target at
/// all.
struct HTTPTarget: Equatable {
  let segments: [String]
  let query: [(name: String, value: String)]

  init?(_ raw: some Collection<UInt8>, queryItemsMax: Int) {
    let raw = Self.withoutOrigin(Array(raw))
    guard raw.first == UInt8(ascii: "/") else { return nil }
    let parts = raw.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    var segments: [String] = []
    for part in parts[0].dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let segment = Self.decode(part, plusIsBlank: false) else { return nil }
      segments.append(segment)
    }
    var query: [(name: String, value: String)] = []
    if parts.count == 2 {
      for item in parts[1].split(separator: UInt8(ascii: "&")) {
        let pair = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = Self.decode(pair[0], plusIsBlank: true),
          let value = Self.decode(pair.count == 2 ? pair[1] : [], plusIsBlank: true), query.count < queryItemsMax
        else { return nil }
        query.append((name, value))
      }
    }
    self.segments = segments
    self.query = query
  }

  static func == (a: HTTPTarget, b: HTTPTarget) -> Bool {
    a.segments == b.segments && a.query.elementsEqual(b.query) { $0 == $1 }
  }

  /// A client that takes us for a proxy writes the whole URL; every server has to understand that.
  private static func withoutOrigin(_ raw: [UInt8]) -> [UInt8] {
    for scheme in ["http://", "https://"] where raw.starts(with: scheme.utf8) {
      let rest = raw.dropFirst(scheme.utf8.count)
      guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: "/")] }
      return Array(rest[slash...])
    }
    return raw
  }

  private static func decode(_ text: ArraySlice<UInt8>, plusIsBlank: Bool) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
          return nil
        }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
      case 0x21...0x7E: bytes.append(byte)
      default: return nil
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { return nil }
    let isClean = decoded.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    return isClean ? decoded : nil
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
