import MeterModel

/// What a partition is told, and what it asks for.
extension PartitionRound {
  public enum Fact: Sendable, Equatable {
    case assigned
    case claimed(next: Int64?, halted: String?)
    /// What the log holds: from the low watermark to the end that a reader may see.
    case logged(low: Int64, high: Int64)
    /// The first cursor of a partition that had none is in the database.
    case begun
    case restored
    /// The call that this phase waits for failed and may be tried again.
    case failed
    /// A batch was applied; this is what the next flush would hold.
    case counted(rows: Int, bytes: Int)
    /// A batch was set aside: what it touches must be loaded first.
    case cold
    /// What was asked for is admitted.
    case loaded
    case tick
    /// Comes every few seconds, whatever happens.
    case idle
    case flushed
    case refused
    case retriable
    case unknown
    /// The cursor row says that the flush in doubt did not happen.
    case absent
    case revoked
    case lost
    /// The log cannot be read on from here.
    case broken(String)
    /// The reason of a new halt is in the database, or is not yet.
    case haltRecorded
    case haltFailed
    /// Somebody asks for a replay of events that are held in quarantine.
    case replayWanted
    /// So many of them are here, and will be counted behind what came before them.
    case held(Int, hasMore: Bool)
    /// They could not be fetched; whoever wants them will ask again.
    case notHeld
    /// All that were fetched are counted.
    case replayed
  }

  public enum Action: Sendable, Equatable {
    case claim
    case askLog
    case begin(at: Int64)
    case restore
    case read(from: Int64)
    case stopReading
    case resumeReading
    /// Ask the database for the cold keys of the batch that was set aside.
    case load
    /// Apply again what was set aside.
    case apply
    case seal
    /// Send the sealed flush; also after a failure, the same one again.
    case commit
    /// Ask the cursor row what became of the sealed flush.
    case resolve
    /// Fetch events from quarantine that are to be replayed.
    case fetchHeld
    case wake(after: TimeSpan)
    /// Nothing was committed for a while: say that the partition is as far as it was, now.
    case touch
    /// Nothing is read any more. A new halt is written down; an old one was found written.
    case halt(String, isNew: Bool)
    /// Write the reason down again: the last attempt failed.
    case recordHalt(String)
    /// Forget everything about the partition: the database has it, or somebody else does.
    case drop
    /// Nothing of this partition is left here; it may go.
    case release
  }
}
