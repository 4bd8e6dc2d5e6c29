/// A mistake that somebody could make, switched on in the world around the real parts, so that it can be seen that the world
/// would notice.
public enum PlantedBug: String, Sendable, CaseIterable {
  // In what the ledger does.
  case fenceIgnored
  case cursorNotCompared
  case lastFlushNotCompared
  case claimKeepsEpoch
  case claimReadsBeforeItLocks
  case claimLiftsHalt
  case beginOverwrites
  case pagesOutsideTheTransaction
  case quarantineOutsideTheTransaction
  case maxAddsUp
  case minForgetsTheRow
  case latestByArrival
  case valuesCountedTwice
  case generationsForgottenEarly

  // In what a daemon makes of the ledger's answers.
  case resolveTakenForCommitted
  case resolveTakenForAbsent
  case absentDropsTheFlush
  case unknownTakenForRetriable
  case resentWithNewContents
  case sealedFlushStillCounts
  case twoFlushesInFlight
  case fenceIgnoredByDaemon
  case definitionsSentOnce
  case pagesSentOnce
  case verdictLostAtSeal
  case kafkaToldBeforeTheCommit
  case wakeForgotten
  case failedHaltForgotten

  // In how a stay begins and ends.
  case restoreSkipped
  case restoreForgetsNewestPage
  case voidMarksNotRestored
  case highWaterNotRestored
  case tallyKeptOverTheStay
  case revokeDropsAndMovesTheCursor

  // In what is read.
  case staleDeliveryAccepted
  case redeliveryAccepted
  case offsetsTakenForDense
  case pausedBatchDropped
  case halfABatchCounted
  case stopReadingIgnored
  case readFromKafkasOffset
  case emptyRecordsPassedOver
  case otherByAnotherHash

  // In what is in memory.
  case loadingSkipped
  case restoreForgetsASum
  case loadForgetsASeries
  case loadForgetsWhatWasSummed
  case evictedBeforeTheCommit
  case waitingBatchOvertaken

  // In replays from quarantine.
  case replayRequestKept
  case replayFetchedTwice
  case replaySettledUnasked
  case replayLeavesTheQuarantined

  /// Whether only a world with replays can show it.
  public var needsReplays: Bool {
    switch self {
    case .replayRequestKept, .replayFetchedTwice, .replaySettledUnasked, .replayLeavesTheQuarantined: true
    default: false
    }
  }

  /// The mistake in a few words.
  public var words: String {
    switch self {
    case .fenceIgnored: "apply does not compare the epoch"
    case .cursorNotCompared: "apply does not compare the cursor"
    case .lastFlushNotCompared: "apply does not know a flush that it has"
    case .claimKeepsEpoch: "a claim does not raise the epoch"
    case .claimReadsBeforeItLocks: "a claim reads the cursor before it locks the row"
    case .claimLiftsHalt: "a claim lifts a halt"
    case .beginOverwrites: "begin writes a cursor over one that is there"
    case .pagesOutsideTheTransaction: "identity pages stay when their transaction fails"
    case .quarantineOutsideTheTransaction: "quarantined events stay when their transaction fails"
    case .maxAddsUp: "maxima add up"
    case .minForgetsTheRow: "a minimum forgets what the row had"
    case .latestByArrival: "the latest level is the one that came last"
    case .valuesCountedTwice: "a value of an earlier flush counts again"
    case .generationsForgottenEarly: "generations are forgotten at half the window"
    case .resolveTakenForCommitted: "a flush in doubt is taken for committed"
    case .resolveTakenForAbsent: "a flush in doubt is taken for absent and counted into the next"
    case .absentDropsTheFlush: "an absent flush is dropped"
    case .unknownTakenForRetriable: "a flush in doubt is sent again under a new number"
    case .resentWithNewContents: "a flush is sealed anew when it is sent again"
    case .sealedFlushStillCounts: "what is counted behind a seal changes the sealed flush"
    case .twoFlushesInFlight: "the next flush is sent before the answer"
    case .fenceIgnoredByDaemon: "a refused flush is taken for committed"
    case .definitionsSentOnce: "a flush that is sent again has no definitions"
    case .pagesSentOnce: "a flush that is sent again has no identities"
    case .verdictLostAtSeal: "a seal forgets the duplicates"
    case .kafkaToldBeforeTheCommit: "Kafka's offset is committed at the seal"
    case .wakeForgotten: "the wake for a retry is forgotten"
    case .failedHaltForgotten: "a halt that could not be recorded is forgotten"
    case .restoreSkipped: "reading begins without a restore"
    case .restoreForgetsNewestPage: "a restore forgets the newest page"
    case .voidMarksNotRestored: "a restore forgets what was voided"
    case .highWaterNotRestored: "a restore begins at high water 0"
    case .tallyKeptOverTheStay: "the tally of the last stay is used again"
    case .revokeDropsAndMovesTheCursor: "a revoke moves the cursor over what it drops"
    case .staleDeliveryAccepted: "a delivery of an earlier stay is counted"
    case .redeliveryAccepted: "a record that comes again is counted again"
    case .offsetsTakenForDense: "a batch ends where it would without gaps"
    case .pausedBatchDropped: "a batch that arrives while paused is dropped"
    case .halfABatchCounted: "a large batch is decoded in one go only"
    case .stopReadingIgnored: "a full partition is read on"
    case .readFromKafkasOffset: "reading begins at Kafka's committed offset"
    case .emptyRecordsPassedOver: "a record that holds no event does not move the clock"
    case .otherByAnotherHash: "a crowd is not counted where an event that says ~other is"
    case .loadingSkipped: "what was counted before the stay is never loaded"
    case .restoreForgetsASum: "a restore brings one sum too few"
    case .loadForgetsASeries: "a load brings one series too few"
    case .loadForgetsWhatWasSummed: "a load brings series without their sums"
    case .evictedBeforeTheCommit: "what is sealed is forgotten before it is committed"
    case .waitingBatchOvertaken: "a batch is counted before one that waits for a load"
    case .replayRequestKept: "a flush does not take away the requests that it did"
    case .replayFetchedTwice: "held events are fetched while others are on their way into the tables"
    case .replaySettledUnasked: "a flush does not ask whether its replays are wanted, and they are fetched twice"
    case .replayLeavesTheQuarantined: "a replay is not taken off the quarantined"
    }
  }
}
