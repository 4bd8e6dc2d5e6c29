import MeterModel
import TestLogs
import Testing

/// The same records give the same state, whatever happens around them.
@Suite struct DeterminismTests {
  @Test(arguments: 31...36 as ClosedRange<UInt64>)
  func `batches and seals leave no trace in the state`(_ seed: UInt64) throws {
    let log = try HostileLog(seed: seed, events: 1_500, partitions: 2)
    var digests: Set<[UInt64]> = []
    var tables: Set<UInt64> = []
    var flushes: Set<Int> = []
    for split in 0..<5 as Range<UInt64> {
      // The seed of the hashes is the log's, that of the splits is not.
      var counting = Counting(log, seed: seed, faults: .none, splits: split)
      try counting.run()
      digests.insert(counting.digests)
      tables.insert(counting.books.digest)
      flushes.insert(counting.books.partitions[0].flushes)
    }
    #expect(digests.count == 1 && tables.count == 1, "seed \(seed): \(digests) \(tables)")
    #expect(flushes.count > 1, "all splits were alike")
  }

  @Test func `another record is another state`() throws {
    var digests: Set<[UInt64]> = []
    for events in [300, 301] {
      let log = try HostileLog(seed: 5, events: events, partitions: 1)
      var counting = Counting(log, seed: 5, faults: .none, splits: 1)
      try counting.run()
      digests.insert(counting.digests + [counting.books.digest])
    }
    #expect(digests.count == 2)
  }
}
