/// A quarantined event that is to be looked at again, beside the record that holds its bytes.
///
/// The record has the event's own offset, timestamp and headers, and the payload as its value; this says what that payload is, so that
/// it is read as it was read the first time.
public struct HeldEvent: Sendable, Equatable {
  /// What a payload kept in quarantine is.
  public enum Form: UInt8, Sendable {
    /// The record's value as it was received.
    case received
    /// The record's value, decompressed.
    case inflated
    /// One element of a batch.
    case part
    /// The record had no value, which is not the same as an empty one.
    case absent
  }

  /// Names the row in quarantine for ever.
  public var id: Int64
  /// Its place in its record.
  public var place: Int32
  public var form: Form

  public init(id: Int64, place: Int32, form: Form) {
    self.id = id
    self.place = place
    self.form = form
  }
}

/// Records from quarantine, each with what is known of it.
public struct HeldBatch: Sendable {
  public var batch = RecordBatch()
  /// One for each record of the batch.
  public var events: [HeldEvent] = []
  /// Whether more of them wait.
  public var hasMore = false

  public init() {}
}

/// What became of a held event in a flush.
public struct Replay: Sendable, Equatable {
  public var id: Int64
  /// Of what it is now: one event, or several where a record could not be split before.
  public var verdicts: VerdictCounts

  public init(id: Int64, verdicts: VerdictCounts) {
    self.id = id
    self.verdicts = verdicts
  }

  /// The verdict by its name; `several` where there is not one.
  public var verdict: String {
    guard verdicts.events == 1 else { return "several" }
    return Verdict.allCases.first { verdicts[$0] == 1 }?.name ?? "several"
  }
}
