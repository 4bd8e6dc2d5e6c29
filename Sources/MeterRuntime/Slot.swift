import MeterCore
import MeterModel
import PostgresEdge

/// One partition's stay in a lane. Used on the lane's queue, under its lock, and nowhere else.
final class Slot {
  struct Waiting {
    var batch: RecordBatch
    /// The first record that is not counted.
    var next: Int
    /// Of records from quarantine, one for each; empty for what came from the log.
    var held: [HeldEvent] = []
  }

  let log: TopicPartition
  let stay: Int
  var round: PartitionRound
  var claim: Ledger.Claim?
  var tally: Tally?
  /// The flush that is under way, kept until its outcome is known.
  var sealed: Flush?
  /// Batches that are not counted to their end, the oldest first; as many as the partition has credits.
  var waiting: [Waiting] = []
  /// What the first of them needs.
  var cold: [ColdKey] = []
  /// The same of tenants, and those among them for whom the catalog has changed since they were asked about; nil for all.
  var strange: [TenantPlace] = []
  private var forgotten: Set<SeriesKey>? = []
  /// The catalog's version that was heard of when the first of what is pending was counted.
  private var judgedBy: Int64
  /// Why the log ends behind them, until they are counted.
  var broken: String?
  var isPaused = false
  var isFenced = false
  var heldCredits = 0
  /// Nothing that failed is tried again before this.
  var retryFrom: Int64?

  init(log: TopicPartition, stay: Int, round: PartitionRound, catalogVersion: Int64) {
    judgedBy = catalogVersion
    self.log = log
    self.stay = stay
    self.round = round
  }

  /// `catalogVersion` is the one that was heard of last.
  func seal(catalogVersion: Int64) {
    sealed = tally?.seal()
    sealed?.catalogVersion = judgedBy
    judgedBy = catalogVersion
  }

  /// What is counted from here on is judged by this version.
  func hear(catalogVersion: Int64) {
    if tally?.size.pendingRows == 0 { judgedBy = catalogVersion }
  }

  /// Tenants are asked about again, also those that an answer is on its way about; nil for all.
  func forget(_ tenants: Set<SeriesKey>?) {
    tally?.forget(tenants)
    if let tenants { forgotten?.formUnion(tenants) } else { forgotten = nil }
  }

  /// They are asked about from here on.
  func ask(_ places: [TenantPlace]) {
    strange = places
    forgotten = []
  }

  func admit(_ standings: Standings) {
    strange = []
    guard let forgotten else { return }
    var fresh = standings
    if !forgotten.isEmpty { fresh.all.removeAll { forgotten.contains($0.key) } }
    tally?.admit(fresh)
  }
}
