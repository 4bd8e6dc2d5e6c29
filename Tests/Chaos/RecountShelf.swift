import Synchronization

/// Keeps the newest recount, for the rounds that have its log too.
///
/// Nothing in it changes: what the tables must say is the log's alone to say, whatever befalls the daemons.
final class RecountShelf: Sendable {
  private let newest = Mutex<(logSeed: UInt64, recount: Recount)?>(nil)

  func recount(_ plan: RoundPlan) throws -> Recount {
    if let kept = newest.withLock({ $0 }), kept.logSeed == plan.logSeed { return kept.recount }
    let recount = try Recount(plan)
    newest.withLock { $0 = (plan.logSeed, recount) }
    return recount
  }
}
