import MeterModel

@testable import MeterOracle
@testable import MeterWire

/// A time's text means the same instant to the fast reader as by counting days, however it is spelled.
enum TimeCheck {
  static func run(_ bytes: [UInt8]) throws(Contradiction) {
    let time = parse(bytes)
    let counted = RFC3339.instant(OracleText(bytes: bytes)).map {
      Instant(nanoseconds: Int64(clamping: $0.nanoseconds))
    }
    try require(time == counted, "it is \(said(time)), by counting \(said(counted))")
    guard let time else { return }
    for spelling in spellings(bytes) {
      let same = parse(spelling)
      try require(same == time, "\(String(decoding: spelling, as: UTF8.self)) is \(said(same)), not \(said(time))")
    }
    for length in 0..<bytes.count {
      try require(parse(Array(bytes[..<length])) == nil, "its first \(length) bytes are a time too")
    }
  }

  /// The same instant in other words: small letters, an offset of nothing, a zero more behind the point.
  private static func spellings(_ bytes: [UInt8]) -> [[UInt8]] {
    var spellings = [bytes.map { $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "Z") ? $0 | 0x20 : $0 }]
    if bytes.last == UInt8(ascii: "Z") || bytes.last == UInt8(ascii: "z") {
      spellings += ["+00:00", "-00:00"].map { bytes.dropLast() + Array($0.utf8) }
    }
    let fraction = bytes[19...].prefix { $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 }
    if fraction.count < 10 {
      spellings.append(
        bytes[..<fraction.endIndex] + Array((fraction.isEmpty ? ".0" : "0").utf8) + bytes[fraction.endIndex...])
    }
    return spellings
  }

  private static func said(_ time: Instant?) -> String { time.map { "\($0.nanoseconds) ns" } ?? "no time" }

  private static func parse(_ text: [UInt8]) -> Instant? {
    let arena = Array("99".utf8) + text + Array("99".utf8) + [UInt8](repeating: 0, count: RecordBatch.padding)
    return TimeText.parse(arena.span, from: 2, to: text.count + 2)
  }
}
