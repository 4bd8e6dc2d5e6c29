/// The hash by which Kafka's clients place a key on a partition.
///
/// A file written without Kafka uses it too, so that it spreads tenants exactly as a topic would.
enum Murmur2 {
  static func partition(of key: [UInt8], among partitions: Int) -> Int {
    Int(hash(key) & 0x7FFF_FFFF) % partitions
  }

  static func hash(_ key: [UInt8]) -> UInt32 {
    let factor: UInt32 = 0x5BD1_E995
    var h: UInt32 = 0x9747_B28C ^ UInt32(truncatingIfNeeded: key.count)
    var at = 0
    while at + 4 <= key.count {
      var k = UInt32(key[at]) | UInt32(key[at + 1]) << 8 | UInt32(key[at + 2]) << 16 | UInt32(key[at + 3]) << 24
      k = k &* factor
      k ^= k >> 24
      h = (h &* factor) ^ (k &* factor)
      at += 4
    }
    let rest = key.count - at
    if rest > 0 {
      for i in (0..<rest).reversed() { h ^= UInt32(key[at + i]) << UInt32(8 * i) }
      h = h &* factor
    }
    h ^= h >> 13
    h = h &* factor
    return h ^ (h >> 15)
  }
}
