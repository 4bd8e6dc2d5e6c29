import MeterModel

/// Keys that were met since the last seal.
///
/// It only saves handing the same thing to the database twice, which changes nothing there. So it is bounded by forgetting all.
struct KeySet {
  /// At most 32 MB of keys by default: twice as many slots as this.
  private let countMax: Int
  private var slots: [SeriesKey] = Array(repeating: Self.vacant, count: 1024)
  private var count = 0

  init(countMax: Int = 1 << 20) { self.countMax = countMax }

  private static let vacant = SeriesKey(high: 0, low: 0)

  var bytes: Int { slots.count * MemoryLayout<SeriesKey>.stride }

  /// True if the key was not in the set.
  mutating func insert(_ key: SeriesKey) -> Bool {
    // The vacant mark as a key is sent each time.
    if key == Self.vacant { return true }
    var at = Int(truncatingIfNeeded: key.low) & (slots.count - 1)
    while slots[at] != Self.vacant {
      if slots[at] == key { return false }
      at = (at + 1) & (slots.count - 1)
    }
    slots[at] = key
    count += 1
    if count * 4 > slots.count * 3 { grow() }
    return true
  }

  private mutating func grow() {
    guard count < countMax else {
      self = KeySet(countMax: countMax)
      return
    }
    let old = slots
    slots = Array(repeating: Self.vacant, count: old.count * 2)
    for key in old where key != Self.vacant {
      var at = Int(truncatingIfNeeded: key.low) & (slots.count - 1)
      while slots[at] != Self.vacant { at = (at + 1) & (slots.count - 1) }
      slots[at] = key
    }
  }
}
