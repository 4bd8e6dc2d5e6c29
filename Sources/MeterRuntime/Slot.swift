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
  /// The same of tenants, asked about anew for each change of the catalog that is heard of meanwhile.
  var strange: [TenantPlace] = []
  var changesHeard = 0
  /// Why the log ends behind them, until they are counted.
  var broken: String?
  var isPaused = false
  var isFenced = false
  var heldCredits = 0
  /// Nothing that failed is tried again before this.
  var retryFrom: Int64?

  init(log: TopicPartition, stay: Int, round: PartitionRound) {
    self.log = log
    self.stay = stay
    self.round = round
  }
}
