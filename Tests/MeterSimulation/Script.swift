import MeterCore
import MeterModel
import MeterOracle
import MeterWire
import TestDice
import TestLogs

/// The logs of a seed, and what the independent recount makes of them, record by record.
///
/// Recounting costs many times what the engine does, so many worlds share one script: each batches, seals, fails and moves the same
/// records about in its own way, and all of them must end alike to the last byte.
public final class Script: Sendable {
  /// One log as it will be when all of it is visible.
  struct Log: Sendable {
    let records: [OracleRecord]
    /// Where the log begins; its first record may stand later.
    let start: Int64
    /// Behind the last record.
    let end: Int64
    /// Events with each verdict up to a record, one row of `Verdict.allCases` for each record and one behind.
    fileprivate let sums: [Int32]
    /// The largest accepted timestamp up to a record, one for each record and one behind.
    fileprivate let highWaters: [Int64]
    let quarantined: [OracleResults.Quarantined]
    let conflicts: [OracleResults.Conflict]

    /// Index of the first record at the offset or behind it.
    func index(at offset: Int64) -> Int {
      var range = 0..<records.count
      while !range.isEmpty {
        let middle = (range.lowerBound + range.upperBound) / 2
        if records[middle].offset < offset {
          range = middle + 1..<range.upperBound
        } else {
          range = range.lowerBound..<middle
        }
      }
      return range.lowerBound
    }

    /// The partition's clock when everything below an offset is counted.
    func highWater(at offset: Int64) -> Int64 { highWaters[index(at: offset)] }

    /// Whether a record holds no event at all.
    func isEmpty(_ record: OracleRecord) -> Bool {
      verdicts(OffsetRange(from: record.offset, to: record.offset + 1)).events == 0
    }

    /// The verdicts of every event between two offsets.
    func verdicts(_ range: OffsetRange) -> VerdictCounts {
      let width = Verdict.allCases.count
      let (from, to) = (index(at: range.from) * width, index(at: range.to) * width)
      var counts = VerdictCounts()
      for verdict in Verdict.allCases {
        counts[verdict] = Int64(sums[to + Int(verdict.rawValue)] - sums[from + Int(verdict.rawValue)])
      }
      return counts
    }
  }

  let seed: UInt64
  let logs: [Log]
  let settings: OracleSettings
  let catalog: HostileCatalog
  let rules: MeterRules
  let tallyRules: Tally.Rules
  let expected: UsageSheet
  /// Events of all logs.
  public let events: Int

  public init(seed: UInt64, records: Int) throws {
    self.seed = seed
    var dice = Dice(seed &+ 0x5C21)
    let count = 2 + dice.below(2)
    let hostile = try HostileLog(seed: seed, events: records, partitions: count)
    let catalog = HostileCatalog.drawn(&dice)
    settings = hostile.settings
    self.catalog = catalog
    rules = MeterRules(meters: catalog.meters, seed: dice.next())
    tallyRules = Tally.Rules(hostile.settings)

    var oracle = Self.oracle(settings, catalog)
    var sums: [[Int32]] = []
    for log in hostile.partitions {
      var rows: [Int32] = []
      rows.reserveCapacity((log.count + 1) * Verdict.allCases.count)
      var sum = [Int32](repeating: 0, count: Verdict.allCases.count)
      for record in log {
        rows += sum
        for verdict in oracle.take(record) { sum[Self.place(of: verdict)] += 1 }
      }
      sums.append(rows + sum)
    }
    let results = oracle.results(upTo: settings.now)
    expected = UsageSheet(results.usage, catalog)
    events = results.accounting.reduce(0) { $0 + $1.events }
    logs = hostile.partitions.enumerated().map { number, records in
      let start = Int64(number) * 1_000_000_000_000
      return Log(
        records: records, start: start, end: records.last.map { $0.offset + 1 } ?? start, sums: sums[number],
        highWaters: Self.highWaters(records, hostile.settings),
        quarantined: results.quarantine.filter { $0.partition == number },
        conflicts: results.conflicts.filter { $0.partition == number })
    }
  }

  /// What only the records below some cursors come to.
  func expected(below cursors: [Int64]) -> UsageSheet {
    var oracle = Self.oracle(settings, catalog)
    for (log, cursor) in zip(logs, cursors) {
      for record in log.records[..<log.index(at: cursor)] { oracle.take(record) }
    }
    return UsageSheet(oracle.results(upTo: settings.now).usage, catalog)
  }

  private static func highWaters(_ records: [OracleRecord], _ settings: OracleSettings) -> [Int64] {
    var waters: [Int64] = [0]
    for record in records {
      let isAhead = OracleInstant(milliseconds: record.timestampMs) > settings.now + settings.maxFuture
      waters.append(isAhead ? waters[waters.count - 1] : max(waters[waters.count - 1], record.timestampMs))
    }
    return waters
  }

  private static func oracle(_ settings: OracleSettings, _ catalog: HostileCatalog) -> Oracle {
    Oracle(settings: settings, meters: catalog.oracleMeters) { Zstd.content($0, limit: $1) }
  }

  private static func place(of verdict: OracleVerdict) -> Int {
    let same: Verdict =
      switch verdict {
      case .counted: .counted
      case .duplicate: .duplicate
      case .conflict: .conflict
      case .voided: .voided
      case .unmetered: .unmetered
      case .quarantined: .quarantined
      }
    return Int(same.rawValue)
  }
}
