/// A precaution of the protocol that can be left out, to see what it is for.
public enum Guard: UInt8, Sendable, CaseIterable {
  // In what the ledger does.
  case epochInApply
  case cursorInApply
  case repeatedFlushInApply
  case oneTransaction
  case claimRaisesEpoch
  case claimIsOneStatement
  case beginKeepsCursor
  case epochInResolve
  case cursorInResolve

  // In what a daemon makes of an answer.
  case doubtIsNotSuccess
  case doubtIsNotFailure
  case absentSendsAgain
  case sealNeverChanges
  case oneUnresolvedFlush
  case refusedIsDropped
  case answersOfEarlierStays
  case hintAfterCommit
  case wakeAfterFailure

  // In what is read, and what a stay begins with.
  case deliveriesOfEarlierStays
  case deliveriesBelowExpected
  case readFromCursor
  case restoreBeforeReading
  case restoreAfterClaim
  case tallyEndsWithStay

  // What others make superfluous for exactness.
  case epochInBegin
  case claimResetsLastFlush
  case flushNumberInResolve
  case questionInDoubt
  case lostDropsAtOnce

  public static let spare: [Guard] = [
    .epochInBegin, .claimResetsLastFlush, .flushNumberInResolve, .questionInDoubt, .lostDropsAtOnce,
  ]

  /// The world without it, in a few words.
  public var words: String {
    switch self {
    case .epochInApply: "apply does not compare the epoch"
    case .cursorInApply: "apply does not compare the cursor"
    case .repeatedFlushInApply: "apply does not know a flush that it has"
    case .oneTransaction: "a flush writes its counts first and its cursor after"
    case .claimRaisesEpoch: "a claim does not raise the epoch"
    case .claimIsOneStatement: "a claim is a SELECT and then an UPDATE"
    case .beginKeepsCursor: "begin writes over a cursor that is there"
    case .epochInResolve: "the question in doubt does not compare the epoch"
    case .cursorInResolve: "the question in doubt looks at the epoch only"
    case .doubtIsNotSuccess: "a lost answer is taken for a success"
    case .doubtIsNotFailure: "a lost answer is taken for a failure, and the same counts are sent as a new flush"
    case .absentSendsAgain: "a flush in doubt that did not happen is dropped"
    case .sealNeverChanges: "a flush that is sent again takes along what came since"
    case .oneUnresolvedFlush: "the next flush is sent before the answer to the last"
    case .refusedIsDropped: "a daemon that is refused goes on"
    case .answersOfEarlierStays: "the answer to a flush of an earlier stay is listened to"
    case .hintAfterCommit: "Kafka's offset is committed at the seal"
    case .wakeAfterFailure: "nobody wakes the machine for another attempt"
    case .deliveriesOfEarlierStays: "a batch of an earlier stay is counted"
    case .deliveriesBelowExpected: "a record that comes again is counted again"
    case .readFromCursor: "reading begins at Kafka's committed offset"
    case .restoreBeforeReading: "reading begins without the identities"
    case .restoreAfterClaim: "the identities are read before the claim"
    case .tallyEndsWithStay: "the tally of the last stay is used again"
    case .epochInBegin: "begin does not compare the epoch"
    case .claimResetsLastFlush: "a claim does not reset the number of the last flush"
    case .flushNumberInResolve: "the question in doubt does not compare the flush's number"
    case .questionInDoubt: "in doubt the same flush is sent again without a question"
    case .lostDropsAtOnce: "a daemon that lost the partition drains all the same"
    }
  }

  /// Without one of these it matters what a daemon holds that has lost its epoch.
  var isAboutOldEpochs: Bool {
    switch self {
    case .epochInApply, .oneTransaction, .claimRaisesEpoch, .epochInResolve, .doubtIsNotSuccess, .refusedIsDropped,
      .answersOfEarlierStays, .hintAfterCommit, .tallyEndsWithStay:
      true
    default: false
    }
  }
}
