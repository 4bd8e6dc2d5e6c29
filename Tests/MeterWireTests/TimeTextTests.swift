import MeterModel
import Testing

@testable import MeterOracle
@testable import MeterWire

@Suite struct TimeTextTests {
  private func parse(_ text: [UInt8]) -> Instant? {
    let arena = Array("99".utf8) + text + Array("99".utf8)
    return TimeText.parse(arena.span, from: 2, to: arena.count - 2)
  }

  private func expected(_ text: [UInt8]) -> Instant? {
    RFC3339.instant(OracleText(bytes: text)).map { Instant(nanoseconds: Int64(clamping: $0.nanoseconds)) }
  }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  @Test func `every day of four centuries and every wrong one is judged as a calendar does`() {
    for year in [
      0, 1, 4, 99, 100, 400, 1600, 1677, 1678, 1899, 1900, 1969, 1970, 1972, 1999, 2000, 2023, 2024, 2100, 2262, 2263,
      9999,
    ] {
      let digits = String("000\(year)".suffix(4))
      for month in 0...13 {
        for day in 0...32 {
          let text = Array("\(digits)-\(two(month))-\(two(day))T23:59:60.5-23:59".utf8)
          #expect(parse(text) == expected(text), "\(digits)-\(month)-\(day)")
        }
      }
    }
  }

  @Test func `every hour, minute, second and offset is judged as the grammar does`() {
    for number in 0...99 {
      for text in [
        "2026-11-21T\(two(number)):15:00Z", "2026-11-21T10:\(two(number)):00Z", "2026-11-21T10:15:\(two(number))Z",
        "2026-11-21T10:15:00+\(two(number)):00", "2026-11-21T10:15:00-05:\(two(number))",
      ] { #expect(parse(Array(text.utf8)) == expected(Array(text.utf8)), "\(text)") }
    }
  }

  @Test func `every change of one byte is judged as a slow reader judges it`() {
    for text in [
      "2026-11-21T10:15:00Z", "2024-02-29t23:59:60.123456789+14:00", "1969-12-31T23:59:59.1z",
      "9999-12-31T00:00:00-00:00",
    ] {
      let bytes = Array(text.utf8)
      for at in bytes.indices {
        for byte in UInt8.min...UInt8.max {
          var changed = bytes
          changed[at] = byte
          #expect(parse(changed) == expected(changed), "\(String(decoding: changed, as: UTF8.self))")
        }
        for length in [at, at + 1] {
          let cut = Array(bytes[..<length])
          #expect(parse(cut) == expected(cut), "\(length) bytes of \(text)")
        }
        for piece in ["0", ".", "Z", " ", ":", "T"] {
          var longer = bytes
          longer.insert(contentsOf: Array(piece.utf8), at: at)
          #expect(parse(longer) == expected(longer), "\(String(decoding: longer, as: UTF8.self))")
        }
      }
      #expect(parse(bytes) != nil)
    }
  }

  @Test func `what lies beyond 1677 and 2262 is held at the nearer end`() {
    for (text, end) in [
      ("0000-01-01T00:00:00+23:59", Instant(nanoseconds: .min)),
      ("1677-09-21T00:12:43.145224191Z", Instant(nanoseconds: .min)),
      ("9999-12-31T23:59:60-23:59", Instant(nanoseconds: .max)),
      ("2262-04-11T23:47:16.854775808Z", Instant(nanoseconds: .max)),
    ] { #expect(parse(Array(text.utf8)) == end, "\(text)") }
    #expect(parse(Array("2262-04-11T23:47:16.854775806Z".utf8)) == Instant(nanoseconds: .max - 1))
    #expect(parse(Array("1677-09-21T00:12:43.145224193Z".utf8)) == Instant(nanoseconds: .min + 1))
  }
}
