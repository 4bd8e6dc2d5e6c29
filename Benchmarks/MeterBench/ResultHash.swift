import MeterCore
import MeterModel

/// What a run came to, as one number: equal work gives equal numbers, and work that nobody looks at could be optimised away.
struct ResultHash: Equatable, CustomStringConvertible {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func fold(_ word: UInt64) {
    let product = (value ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    value = product.high ^ product.low
  }

  mutating func fold(_ word: Int64) { fold(UInt64(bitPattern: word)) }

  mutating func fold(_ units: Int128) {
    fold(UInt64(truncatingIfNeeded: units))
    fold(UInt64(truncatingIfNeeded: units >> 64))
  }

  mutating func fold(_ verdicts: VerdictCounts) {
    for verdict in Verdict.allCases { fold(verdicts[verdict]) }
  }

  mutating func fold(_ events: borrowing EventBatch) {
    for event in events.events {
      fold(event.identity)
      fold(UInt64(event.content))
      fold(event.time?.nanoseconds ?? 0)
    }
    for measure in events.measures {
      fold(measure.series.high)
      fold(measure.units)
    }
  }

  mutating func fold(_ flush: Flush) {
    fold(flush.verdicts)
    fold(flush.range.to)
    for rollup in flush.rollups {
      fold(rollup.series.high ^ rollup.series.low)
      fold(rollup.windowStartSeconds)
      fold(rollup.quantity.units)
      fold(rollup.events)
    }
    for page in flush.identities {
      for index in 0..<page.count { fold(page[index].fingerprint) }
    }
    fold(Int64(flush.series.count))
  }

  /// FNV-1a, which is a line in any language.
  static func fnv(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  static func text(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  var description: String { Self.text(value) }
}
