extension PartitionRound {
  /// Where the held events are that are to be counted again.
  ///
  /// They are fetched only while none that was fetched before is on its way into the tables: what is asked for stays asked for until its
  /// flush is committed, so an earlier fetch would bring it again, and it would be counted twice.
  enum Replays: Sendable, Equatable {
    case none
    case asked
    /// Some may be counted, not all are.
    case waiting(hasMore: Bool)
    /// All are counted, the next flush has the last of them.
    case counted(hasMore: Bool)
    case sealed(hasMore: Bool)

    mutating func wanted(isReading: Bool) -> [Action] {
      guard self == .none, isReading else { return [] }
      self = .asked
      return [.fetchHeld]
    }

    mutating func came(_ count: Int, hasMore: Bool) {
      if self == .asked { self = count == 0 ? .none : .waiting(hasMore: hasMore) }
    }

    mutating func failed() {
      if self == .asked { self = .none }
    }

    mutating func counted() {
      if case .waiting(let hasMore) = self { self = .counted(hasMore: hasMore) }
    }

    mutating func sealed() {
      if case .counted(let hasMore) = self { self = .sealed(hasMore: hasMore) }
    }

    mutating func flushed(isReading: Bool) -> [Action] {
      guard case .sealed(let hasMore) = self else { return [] }
      self = .none
      return hasMore ? wanted(isReading: isReading) : []
    }
  }
}
