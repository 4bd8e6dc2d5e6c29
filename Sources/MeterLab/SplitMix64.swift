/// A pseudo-random sequence that is a function of its seed alone.
///
/// Every event owns a sequence seeded by the stream's seed and the event's index, so any event can be written again
/// without the ones before it. Good enough to spread tenants and sizes; it is no source of secrets.
struct SplitMix64 {
  private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The sequence of one event. Mixing the seed first keeps streams of neighbouring seeds from being shifted copies.
  init(seed: UInt64, index: Int) {
    state = Self.mix(Self.mix(seed) &+ UInt64(truncatingIfNeeded: index) &* 0xD134_2543_DE82_EF95)
  }

  mutating func next() -> UInt64 {
    state &+= Self.step
    return Self.mix(state)
  }

  /// A number in 0..<bound. The bias is at most bound / 2^32, far below what a test of shares could see.
  mutating func below(_ bound: Int) -> Int {
    Int(((next() >> 32) &* UInt64(UInt32(bound))) >> 32)
  }

  /// A number in 0..<1 with 53 bits.
  mutating func fraction() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

  /// One to one on 64 bits, so different inputs never meet.
  static func mix(_ input: UInt64) -> UInt64 {
    var x = input
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }
}
