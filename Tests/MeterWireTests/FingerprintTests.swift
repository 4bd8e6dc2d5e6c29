import MeterModel
import TestDice
import Testing

@testable import MeterWire

@Suite struct FingerprintTests {
  /// The key of a text that stands between others, in the arena or unescaped.
  private static func key(_ text: [UInt8], seed: UInt64, inScratch: Bool, among others: UInt8) -> SeriesKey {
    let room = [UInt8](repeating: others, count: 24)
    let bytes = EventBatch.Bytes(inScratch ? .scratch : .arena, start: room.count, length: text.count)
    // What is unescaped may be the last of all.
    let arena = inScratch ? [] : room + text + room
    return Fingerprint.hash128(bytes, arena.span, inScratch ? room + text : [], seed: seed)
  }

  @Test func `a name has one key wherever it stands, and another under another seed`() {
    var dice = Dice(3)
    for length in 0..<40 {
      let name = (0..<length).map { _ in UInt8(truncatingIfNeeded: dice.below(256)) }
      let key = Self.key(name, seed: 7, inScratch: false, among: 0)
      #expect(key == Self.key(name, seed: 7, inScratch: false, among: 0xFF))
      #expect(key == Self.key(name, seed: 7, inScratch: true, among: 0x41))
      #expect(key != Self.key(name, seed: 8, inScratch: false, among: 0))
    }
  }

  @Test func `names that differ in one bit or in zeros at the end have keys that differ in many bits`() {
    var dice = Dice(5)
    for length in 1..<34 {
      var name = (0..<length).map { _ in UInt8(truncatingIfNeeded: dice.below(256)) }
      let key = Self.key(name, seed: 1, inScratch: false, among: 0)
      let longer = Self.key(name + [0], seed: 1, inScratch: false, among: 0)
      for bit in 0..<8 * length {
        name[bit / 8] ^= 1 << (bit % 8)
        let other = Self.key(name, seed: 1, inScratch: false, among: 0)
        let differing = [(key.high, other.high), (key.low, other.low)].map { ($0 ^ $1).nonzeroBitCount }
        #expect(differing.allSatisfy { $0 > 8 && $0 < 56 }, "bit \(bit) of \(length) bytes: \(differing)")
        name[bit / 8] ^= 1 << (bit % 8)
      }
      #expect((key.high ^ longer.high).nonzeroBitCount > 8 && (key.low ^ longer.low).nonzeroBitCount > 8)
    }
  }
}
