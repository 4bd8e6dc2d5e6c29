import MeterCore
import MeterModel

/// Something that happens in the world at an instant.
enum Happening {
  /// More of a log becomes visible.
  case grow(log: Int)
  /// A reader looks for records.
  case fetch(Slot)
  case deliver(Delivery)
  /// The server, or the broker, comes to a call.
  case serve(Call)
  /// The caller hears of it, or hears that the connection is gone.
  case answer(Call)
  case fact(Slot, PartitionRound.Fact)
  case idle(daemon: Int)
  case rebalance
  case crash
  case restart(daemon: Int)
  case adopt(log: Int)
  case resume(log: Int)
  /// Somebody asks for the replay of a quarantined event.
  case wantReplay(log: Int, row: Int)
  case lookForReplays(daemon: Int)
}

/// Records on their way from a reader to the lane.
struct Delivery {
  var slot: Slot
  var records: Range<Int>
}

/// What will happen, in order of time; of two things at one instant the one that was asked for first.
struct Timeline {
  private struct Entry {
    var at: Int64
    var number: Int
    var happening: Happening

    static func < (a: Entry, b: Entry) -> Bool { (a.at, a.number) < (b.at, b.number) }
  }

  private var heap: [Entry] = []
  private(set) var count = 0

  mutating func add(_ happening: Happening, at: Int64) {
    count += 1
    heap.append(Entry(at: at, number: count, happening: happening))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (at: Int64, happening: Happening)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return (first.at, first.happening)
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  mutating func removeAll() { heap = [] }
}
