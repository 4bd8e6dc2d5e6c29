import MeterCore
import MeterModel
import MeterOracle
import MeterWire
import TestDice
import TestLogs

/// Counts logs the way a daemon does, with chance deciding over batches, seals, commits and crashes.
struct Counting {
  enum Faults {
    case none, crashes
  }

  /// Each partition's state at the end, when nothing was thrown out of memory.
  private(set) var digests: [UInt64] = []
  private let evicts: Bool

  struct StillCold: Error {}

  let log: HostileLog
  let faults: Faults
  private(set) var books: Books
  private(set) var crashes = 0
  private(set) var loads = 0
  private var dice: Dice
  private let rules: MeterRules
  let tallyRules: Tally.Rules

  /// `splits` chooses batches and seals by a seed of their own, and leaves all in memory.
  init(_ log: HostileLog, seed: UInt64, faults: Faults, splits: UInt64? = nil) {
    self.log = log
    self.faults = faults
    evicts = splits == nil
    dice = Dice(seed &+ 77)
    rules = MeterRules(meters: HostileCatalog.meters, seed: dice.next())
    if let splits { dice = Dice(splits) }
    tallyRules = Tally.Rules(log.settings)
    books = Books(partitions: log.partitions.map { Books.Partition(cursor: $0.first?.offset ?? 0) })
  }

  mutating func run() throws {
    for number in log.partitions.indices { try count(number) }
  }

  private mutating func restored(_ number: Int, epoch: Int64) -> Tally {
    let partition = books.partitions[number]
    var tally = Tally(
      partition: PartitionNumber(Int32(number)), epoch: Epoch(epoch), cursor: partition.cursor,
      highWaterMs: partition.highWaterMs,
      newestWindow: partition.newestWindowSeconds.map {
        tallyRules.windows.number(of: Instant(nanoseconds: $0 * 1_000_000_000))
      }, rules: tallyRules)
    for page in dice.shuffled(partition.pages) { tally.restore(page) }
    let rowsMax = dice.pick([0, 10, 200, 1_000_000])
    tally.restore(dice.shuffled(books.recentSums(number, rowsMax: rowsMax, tallyRules.windows)))
    return tally
  }

  private mutating func count(_ number: Int) throws {
    let records = log.partitions[number]
    let now = Instant(nanoseconds: Int64(log.settings.now.nanoseconds))
    var decoder = Decoder(eventBytesMax: HostileLog.eventBytesMax)
    var batch = RecordBatch()
    var events = EventBatch()
    var tally = restored(number, epoch: 0)
    var sealed: Flush?
    var next = 0
    var epoch: Int64 = 0
    let batchMax = dice.pick([1, 7, 100, 1_000])
    while next < records.count || sealed != nil || tally.cursor != books.partitions[number].cursor {
      if next < records.count {
        let end = min(records.count, next + 1 + dice.below(batchMax))
        batch.removeAll()
        for record in records[next..<end] { batch.append(record) }
        batch.close()
        var decoded = 0
        while decoded < batch.records.count {
          decoded = decoder.decode(batch, from: decoded, rules, into: &events)
          // What is in memory is thrown out at random: it must not matter.
          let chance = evicts ? dice.pick([0, 0, 2, 10]) : 0
          if chance > 0 { tally.evict { _ in dice.once(in: chance) } }
          while case .cold(let keys) = tally.apply(batch, events, now: now) {
            loads += 1
            guard !keys.isEmpty else { throw StillCold() }
            tally.admit(keys, books.storedSums(number, keys, tallyRules.windows))
          }
        }
        next = end
      }
      if let flush = sealed, dice.once(in: 2) {
        try books.commit(flush)
        tally.committed(flush.number)
        sealed = nil
      }
      let isDone = next == records.count && tally.cursor == books.partitions[number].cursor
      if sealed == nil, !isDone, next == records.count || dice.once(in: 4) { sealed = tally.seal() }
      if faults == .crashes, dice.once(in: 40) {
        // The flush under way is lost, or it was committed and nobody heard of it.
        if let flush = sealed, dice.once(in: 2) { try books.commit(flush) }
        sealed = nil
        epoch += 1
        crashes += 1
        tally = restored(number, epoch: epoch)
        next = records.firstIndex { $0.offset >= tally.cursor } ?? records.count
      }
    }
    digests.append(tally.digest)
  }

  func batch(_ records: ArraySlice<OracleRecord>) -> RecordBatch {
    var batch = RecordBatch()
    for record in records { batch.append(record) }
    batch.close()
    return batch
  }
}
