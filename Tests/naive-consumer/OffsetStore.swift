import Synchronization

/// Where each partition is, shared by all members as a database would be, and what was wrong about the way there.
final class OffsetStore: Sendable {
  private struct State {
    var next: [Int32: Int64] = [:]
    var taken = 0
    var again = 0
    var gaps: [(partition: Int32, from: Int64, to: Int64)] = []
  }

  private let state = Mutex(State())

  func next(_ partition: Int32) -> Int64 { state.withLock { $0.next[partition] ?? 0 } }

  func take(_ partition: Int32, _ offset: Int64) {
    state.withLock { state in
      let next = state.next[partition] ?? 0
      guard offset >= next else {
        state.again += 1
        return
      }
      if offset > next { state.gaps.append((partition, next, offset)) }
      state.next[partition] = offset + 1
      state.taken += 1
    }
  }

  func report() {
    let (taken, again, gaps) = state.withLock { ($0.taken, $0.again, $0.gaps) }
    for gap in gaps { print("lost \(gap.partition) \(gap.from) \(gap.to)") }
    print("taken \(taken) again \(again) lost \(gaps.reduce(0) { $0 + $1.to - $1.from })")
  }
}
