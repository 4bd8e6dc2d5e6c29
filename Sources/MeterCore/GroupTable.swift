import MeterModel

/// Groups that are in memory: tenant and meter in one window, and how many series each has. Only meters with dimensions have groups.
struct GroupTable {
  struct Group {
    var hash: UInt64
    var window: Int32
    /// Series that were ever counted here, `~other` among them if an event brought or made it.
    var members: Int32
  }

  private static let vacant = UInt32.max
  private static let slotsMin = 256

  private(set) var groups: [Group] = []
  private var slots = [UInt32](repeating: Self.vacant, count: Self.slotsMin)

  var bytes: Int { groups.capacity * MemoryLayout<Group>.stride + slots.count * MemoryLayout<UInt32>.stride }

  /// Index of the group, -1 if it is not in memory.
  func find(_ hash: UInt64, _ window: Int32) -> Int {
    var at = slot(hash, window)
    while slots[at] != Self.vacant {
      let index = Int(slots[at])
      if groups[index].hash == hash, groups[index].window == window { return index }
      at = (at &+ 1) & (slots.count &- 1)
    }
    return -1
  }

  /// Makes a group that `find` does not know.
  mutating func make(_ hash: UInt64, _ window: Int32) -> Int {
    if (groups.count + 1) * 4 > slots.count * 3 { lay(slots.count * 2) }
    groups.append(Group(hash: hash, window: window, members: 0))
    enter(groups.count - 1)
    return groups.count - 1
  }

  mutating func join(_ index: Int) { groups[index].members += 1 }

  /// Forgets all groups but those that `isKept` names; says how indices have moved.
  mutating func keep(_ isKept: (Int) -> Bool) -> [Int32] {
    var moves = [Int32](repeating: -1, count: groups.count)
    var kept: [Group] = []
    for index in groups.indices where isKept(index) {
      moves[index] = Int32(kept.count)
      kept.append(groups[index])
    }
    groups = kept
    var count = slots.count
    while count > Self.slotsMin, groups.count * 4 < count { count /= 2 }
    lay(count)
    return moves
  }

  private func slot(_ hash: UInt64, _ window: Int32) -> Int {
    Int(truncatingIfNeeded: hash >> 1 &+ UInt64(UInt32(bitPattern: window)) &* 0x9E37_79B9_7F4A_7C15)
      & (slots.count &- 1)
  }

  private mutating func enter(_ index: Int) {
    var at = slot(groups[index].hash, groups[index].window)
    while slots[at] != Self.vacant { at = (at + 1) & (slots.count - 1) }
    slots[at] = UInt32(index)
  }

  private mutating func lay(_ count: Int) {
    slots = Array(repeating: Self.vacant, count: count)
    for index in groups.indices { enter(index) }
  }
}
