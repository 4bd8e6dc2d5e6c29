/// A running 64-bit hash that is the same in every process.
struct Digest: Sendable, Equatable {
  private(set) var value: UInt64 = 0x6A09_E667_F3BC_C908

  mutating func mix(_ word: UInt64) {
    value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
    value ^= value >> 29
  }

  mutating func mix(_ number: Int64) { mix(UInt64(bitPattern: number)) }

  mutating func mix(_ number: Int128) {
    mix(UInt64(truncatingIfNeeded: number))
    mix(UInt64(truncatingIfNeeded: number >> 64))
  }

  mutating func mix(_ key: (UInt64, UInt64)) {
    mix(key.0)
    mix(key.1)
  }

  mutating func mix(_ bytes: some Collection<UInt8>) {
    mix(UInt64(bytes.count))
    var word: UInt64 = 0
    var filled = 0
    for byte in bytes {
      word = word << 8 | UInt64(byte)
      filled += 1
      if filled == 8 {
        mix(word)
        (word, filled) = (0, 0)
      }
    }
    if filled > 0 { mix(word) }
  }
}
