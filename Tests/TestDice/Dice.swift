/// A small seeded generator, so that a failing seed is a whole experiment.
public struct Dice: Sendable {
  private var state: UInt64

  public init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  public mutating func once(in bound: Int) -> Bool { below(bound) == 0 }
  public mutating func pick<T>(_ from: [T]) -> T { from[below(from.count)] }

  public mutating func shuffled<T>(_ list: [T]) -> [T] {
    var list = list
    for at in list.indices.dropFirst() { list.swapAt(at, below(at + 1)) }
    return list
  }
}
