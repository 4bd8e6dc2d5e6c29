import MeterCore
import MeterModel

/// One partition's stay with one daemon: what the runtime's lane keeps of it, and the reader that brings its records.
final class Slot {
  let log: Int
  let daemon: Int
  let stay: Int
  var round: PartitionRound
  var claim: Tables.Claim?
  var tally: Tally?
  /// The flush that is under way, kept until its outcome is known.
  var sealed: Flush?
  /// Batches that are not counted to their end, the oldest first.
  var waiting: [Waiting] = []
  /// What the first of them needs.
  var cold: [ColdKey] = []
  var isPaused = false
  var heldCredits = 0
  var reader: Reader?
  /// Set with the release, and when the daemon dies; nothing reaches the slot after it.
  var isGone = false
  /// Rebalanced away: it reads no more and is about to let go.
  var isLeaving = false

  // What the invariants need to know.

  /// Whether it halted for a reason that the tables do not have yet.
  var owesHalt = false
  /// Somebody else has the partition: what it knows is of no use any more.
  var isCutOff = false
  /// The one call that the round waits for.
  weak var call: Call?
  weak var loading: Call?
  /// Number and contents of the flush whose outcome is not known yet.
  var unresolved: (number: Int64, contents: UInt64)?
  /// What the batch at hand has added to what is pending, and the most that one has.
  var growth = 0
  var growthMax = 0
  /// Batches that came after reading was to stop.
  var batchesBehindStop = 0

  init(log: Int, daemon: Int, stay: Int, round: PartitionRound) {
    self.log = log
    self.daemon = daemon
    self.stay = stay
    self.round = round
  }

  struct Waiting {
    var batch: RecordBatch
    /// The first record that is not counted.
    var next: Int
    /// Of records from quarantine, one for each; empty for what came from the log.
    var held: [HeldEvent] = []
  }

  /// The partition's drain: takes records off the log while it has credit.
  struct Reader {
    /// A record below it is a stale delivery and dropped.
    var expected: Int64
    /// Index of the record that the broker sends next.
    var next: Int
    var credits: Int
    var isFetching = false
    /// Batches are handed to the lane in order.
    var lastDelivery: Int64 = 0
  }
}

/// One process that reads.
struct Daemon {
  var isAlive = true
  /// By log.
  var slots: [Slot?]
}

/// A question to the ledger, or to the broker, on its way.
final class Call {
  enum Request {
    case claim
    case askLog
    case begin(Tables.Claim, at: Int64)
    case restore(Tables.Claim, since: Int64)
    case commit(Flush)
    case resolve(Flush)
    case halt(Tables.Claim, String)
    case load(Tables.Claim, [ColdKey])
    case fetchHeld(Tables.Claim)
  }

  enum Answer {
    case claim(Tables.Claim)
    case log(low: Int64, high: Int64)
    case begun(Bool)
    case pages([IdentityPage], [StoredSum])
    case applied(Bool)
    case resolution(Tables.Resolution)
    case halted(Bool)
    case sums([StoredSum])
    case held([HeldRow], hasMore: Bool)
    /// Certainly nothing happened.
    case failed
    /// The connection is gone; nobody knows.
    case lost
  }

  let slot: Slot
  let request: Request
  var answer = Answer.lost
  /// Whether the answer arrives; a call whose answer is lost may still be served, before or after that is noticed.
  var isHeard: Bool
  /// The cursor as it was before the row was locked.
  var staleNext: Int64?

  init(_ request: Request, of slot: Slot, isHeard: Bool) {
    self.slot = slot
    self.request = request
    self.isHeard = isHeard
  }

  /// A halt is written beside what the round waits for, and flushes go on while a batch waits for what it touches.
  var isExclusive: Bool {
    switch request {
    case .halt, .load, .fetchHeld: false
    default: true
    }
  }

  var words: String {
    switch request {
    case .claim: "claim"
    case .askLog: "ask log"
    case .begin(_, let offset): "begin at \(offset)"
    case .restore: "restore"
    case .commit(let flush): "commit \(flush.number) [\(flush.range.from), \(flush.range.to))"
    case .resolve(let flush): "resolve \(flush.number)"
    case .halt: "halt"
    case .load(_, let keys): "load \(keys.count) keys"
    case .fetchHeld: "fetch held events"
    }
  }
}
