/// All states that were reached, each once, in the order in which they were.
struct StateTable {
  private(set) var states: [State] = []
  /// Open addressing: 0 is free, else one more than the state's place. Twice as many slots as states, at least.
  private var slots: [UInt32]

  init() { slots = Array(repeating: 0, count: 1 << 12) }

  /// The place of the state, and whether it is new.
  mutating func insert(_ state: State) -> (place: Int, isNew: Bool) {
    if states.count * 2 >= slots.count { grow() }
    var slot = state.hashValue & (slots.count - 1)
    while slots[slot] != 0 {
      let place = Int(slots[slot]) - 1
      if states[place] == state { return (place, false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    states.append(state)
    slots[slot] = UInt32(states.count)
    return (states.count - 1, true)
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for (place, state) in states.enumerated() {
      var slot = state.hashValue & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(place + 1)
    }
  }
}
