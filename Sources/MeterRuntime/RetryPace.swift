import MeterCore
import MeterModel
import Synchronization

/// Spaces the calls that are repeated, of all partitions together: each has a back-off of its own, and with many of them a PostgreSQL
/// in trouble would be asked a hundred times a second.
///
/// Time is cut into slots, each of which takes one call. What it gives up is order: who finds its slot taken gets the next free one.
final class RetryPace: Sendable {
  /// Eight a second, below the ten that are promised.
  private static let slotNs: Int64 = 125_000_000

  private struct State {
    var taken: Set<Int64> = []
    var isTroubled = false
  }

  private let state = Mutex(State())

  /// When a call that would be repeated `after` so long may be.
  func next(after wanted: TimeSpan, now: Int64) -> TimeSpan {
    state.withLock { state in
      state.isTroubled = true
      let present = now / Self.slotNs
      if state.taken.contains(where: { $0 < present }) { state.taken = state.taken.filter { $0 >= present } }
      var slot = (now + wanted.nanoseconds + Self.slotNs - 1) / Self.slotNs
      while !state.taken.insert(slot).inserted { slot += 1 }
      return TimeSpan(nanoseconds: slot * Self.slotNs - now)
    }
  }

  /// True for the first call that succeeds after others have failed: whoever waits need not wait for its slot any more.
  func recovered() -> Bool {
    state.withLock { state in
      guard state.isTroubled else { return false }
      state = State()
      return true
    }
  }
}

extension PartitionRound.Fact {
  /// Whether a wake that is asked for now is for a call that failed.
  var isFailure: Bool {
    switch self {
    case .failed, .retriable, .unknown, .absent, .haltFailed: true
    default: false
    }
  }
}
