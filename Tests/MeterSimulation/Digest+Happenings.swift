import MeterCore
import MeterModel

extension Digest {
  mutating func mix(_ fact: PartitionRound.Fact) {
    switch fact {
    case .assigned: mix(1 as UInt64)
    case .claimed(let next, let halted):
      mix(2 as UInt64)
      mix(next ?? -1)
      mix(halted == nil ? 0 : 1 as UInt64)
    case .logged(let low, let high):
      mix(3 as UInt64)
      mix(low)
      mix(high)
    case .begun: mix(4 as UInt64)
    case .restored: mix(5 as UInt64)
    case .failed: mix(6 as UInt64)
    case .counted(let rows, let bytes):
      mix(7 as UInt64)
      mix(UInt64(rows) << 32 ^ UInt64(bytes))
    case .cold: mix(8 as UInt64)
    case .loaded: mix(9 as UInt64)
    case .tick: mix(10 as UInt64)
    case .idle: mix(11 as UInt64)
    case .flushed: mix(12 as UInt64)
    case .refused: mix(13 as UInt64)
    case .retriable: mix(14 as UInt64)
    case .unknown: mix(15 as UInt64)
    case .absent: mix(16 as UInt64)
    case .revoked: mix(17 as UInt64)
    case .lost: mix(18 as UInt64)
    case .broken: mix(19 as UInt64)
    case .haltRecorded: mix(20 as UInt64)
    case .haltFailed: mix(21 as UInt64)
    case .replayWanted: mix(22 as UInt64)
    case .held(let count, let hasMore):
      mix(23 as UInt64)
      mix(UInt64(count) << 1 | (hasMore ? 1 : 0))
    case .notHeld: mix(24 as UInt64)
    case .replayed: mix(25 as UInt64)
    }
  }

  mutating func mix(_ request: Call.Request) {
    switch request {
    case .claim: mix(32 as UInt64)
    case .askLog: mix(33 as UInt64)
    case .begin(_, let offset):
      mix(34 as UInt64)
      mix(offset)
    case .restore(_, let since):
      mix(35 as UInt64)
      mix(since)
    case .commit(let flush):
      mix(36 as UInt64)
      mix(flush.range.from)
      mix(flush.range.to)
    case .resolve(let flush):
      mix(37 as UInt64)
      mix(flush.number)
    case .halt: mix(38 as UInt64)
    case .load(_, let keys):
      mix(39 as UInt64)
      mix(UInt64(keys.count))
    case .fetchHeld: mix(40 as UInt64)
    }
  }
}
