import TestDice

/// Changes an input a little, as a search would: bits, bytes, stretches, and pieces of others.
struct Mutation {
  private var dice: Dice

  init(seed: UInt64) { dice = Dice(seed) }

  private static let edges: [UInt8] = [
    0x00, 0x1E, 0x1F, 0x20, 0x22, 0x2D, 0x30, 0x39, 0x5C, 0x7B, 0x7F, 0x80, 0xC2, 0xED, 0xFF,
  ]

  mutating func pick<T>(_ list: [T]) -> T { dice.pick(list) }

  mutating func change(_ original: [UInt8], with other: [UInt8], bytesMax: Int) -> [UInt8] {
    var bytes = original
    for _ in 0...dice.below(4) {
      let at = dice.below(bytes.count + 1)
      let count = min(dice.below(9), bytes.count - at)
      switch dice.below(6) {
      case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8(dice.below(8))
      case 1 where at < bytes.count: bytes[at] = dice.pick(Self.edges)
      case 2: bytes.insert(dice.pick(Self.edges), at: at)
      case 3: bytes.removeSubrange(at..<at + count)
      case 4: bytes.insert(contentsOf: Array(bytes[at..<at + count]), at: at)
      default:
        let from = dice.below(other.count + 1)
        bytes.insert(contentsOf: other[from..<min(other.count, from + dice.below(40))], at: at)
      }
    }
    return Array(bytes.prefix(bytesMax))
  }
}
