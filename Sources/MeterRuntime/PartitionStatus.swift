import MeterCore

/// What the lane that owns a partition lets others see of it: for readiness, metrics and operators.
struct PartitionStatus: Sendable {
  enum State: Sendable, Equatable {
    case starting
    case reading
    case draining
    /// Nothing is read until an operator decides; whether the database knows of it yet.
    case halted(String, isRecorded: Bool)
    /// The database refused our flush: somebody else has the partition.
    case fenced
  }

  var state = State.starting
  var stay: Int
  /// First offset not counted, and first offset not committed; -1 until known.
  var cursor: Int64 = -1
  var committed: Int64 = -1
  /// Kafka timestamp of the last record counted, in milliseconds.
  var lastRecordMs: Int64 = -1
  /// When the cursor last moved, on the monotonic clock.
  var movedAt: Int64
  /// When the call to PostgreSQL that is under way, or being repeated, was first made; nil when there is none.
  var waitingSince: Int64?
  /// Why the last attempt failed; nil once one succeeds.
  var trouble: String?
  /// Why nothing comes from the log; nil once something does.
  var readTrouble: String?
  /// As of the last batch.
  var size: Tally.Size?

  /// Why it is halted, if it is.
  var halt: String? { if case .halted(let why, _) = state { why } else { nil } }
}
