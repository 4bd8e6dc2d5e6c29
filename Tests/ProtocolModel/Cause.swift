import MeterCore

/// A fact for the machine by number, so that its answer can be looked up.
struct Cause: Equatable {
  let number: UInt8

  static let assigned = Cause(number: 0)
  static let logged = Cause(number: 1)
  static let begun = Cause(number: 2)
  static let restored = Cause(number: 3)
  static let failed = Cause(number: 4)
  static let tick = Cause(number: 5)
  static let flushed = Cause(number: 6)
  static let refused = Cause(number: 7)
  static let retriable = Cause(number: 8)
  static let unknown = Cause(number: 9)
  static let absent = Cause(number: 10)
  static let revoked = Cause(number: 11)
  static let lost = Cause(number: 12)
  static let claimedUnset = Cause(number: 13)

  static func claimed(_ next: UInt8) -> Cause { next == Row.unset ? claimedUnset : Cause(number: 14 + next) }
  /// So many records are pending.
  static func counted(_ records: UInt8) -> Cause { Cause(number: 14 + UInt8(Counts.recordsMax) + records) }

  static let count = 15 + 2 * Counts.recordsMax

  func fact(end: UInt8) -> PartitionRound.Fact {
    switch self {
    case .assigned: return .assigned
    case .logged: return .logged(low: 0, high: Int64(end))
    case .begun: return .begun
    case .restored: return .restored
    case .failed: return .failed
    case .tick: return .tick
    case .flushed: return .flushed
    case .refused: return .refused
    case .retriable: return .retriable
    case .unknown: return .unknown
    case .absent: return .absent
    case .revoked: return .revoked
    case .lost: return .lost
    case .claimedUnset: return .claimed(next: nil, halted: nil)
    default:
      let amount = Int(number) - 14
      if amount <= Counts.recordsMax { return .claimed(next: Int64(amount), halted: nil) }
      let records = amount - Counts.recordsMax
      // One record waits for its tick; two are due at once, and while a flush is unresolved they end the reading.
      return .counted(rows: records, bytes: (records - 1) * RoundAtlas.fullBytes)
    }
  }
}
