/// Random numbers that are a function of a seed and an index, so that any event can be written again without those before it.
struct Draw {
  private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  private var state: UInt64

  init(_ seed: UInt64, _ index: Int) { state = Self.mix(seed &+ UInt64(index) &* Self.step) }

  mutating func next() -> UInt64 {
    state &+= Self.step
    return Self.mix(state)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// One to one and without a pattern, as keyed hashes are.
  static func mix(_ number: UInt64) -> UInt64 {
    var x = number
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }
}
