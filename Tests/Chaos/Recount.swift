import Foundation
import MeterLab
import MeterOracle
import TestLogs

/// What the tables must say after a round, as lines of text that are compared byte by byte.
///
/// It makes the round's log once more and never sees what the broker was told. Its offsets are those of a fresh topic that one
/// producer writes in order; whether the broker has just as many is for the round to look at.
struct Recount: Sendable {
  typealias Line = [UInt8]

  let usage: Set<Line>
  /// Events by their verdicts, and where the partition ends.
  let accounting: Set<Line>
  /// Those that are alike are numbered.
  let quarantine: Set<Line>
  let conflicts: Set<Line>
  let records: [Int]
  let events: Int
  let seconds: Double

  init(
    usage: Set<Line>, accounting: Set<Line>, quarantine: Set<Line>, conflicts: Set<Line>, records: [Int], events: Int,
    seconds: Double
  ) {
    self.usage = usage
    self.accounting = accounting
    self.quarantine = quarantine
    self.conflicts = conflicts
    self.records = records
    self.events = events
    self.seconds = seconds
  }

  init(_ plan: RoundPlan) throws {
    let began = ContinuousClock.now
    let now = OracleInstant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    var oracle = Oracle(settings: ChaosCatalog.oracleSettings(now: now), meters: ChaosCatalog.oracleMeters) {
      Zstd.content($0, limit: $1)
    }
    var stream = try ChaosStream(seed: plan.logSeed, count: plan.records, partitions: plan.partitions)
    var ends = [Int](repeating: 0, count: plan.partitions)
    while let record = stream.next() {
      oracle.take(
        OracleRecord(
          topic: OracleText(RoundPlan.topic), partition: record.partition, offset: Int64(ends[record.partition]),
          timestampMs: record.timestampMs, key: record.key,
          headers: record.headers.map { .init(name: OracleText(bytes: $0.name), value: $0.value) }, value: record.value)
      )
      ends[record.partition] += 1
    }
    let results = oracle.results(upTo: now)
    usage = Set(results.usage.map(Self.line))
    accounting = Set(results.accounting.map { Self.line($0, end: ends[$0.partition]) })
    quarantine = numbered(results.quarantine.map { Line("\($0.partition)/\($0.offset) \($0.reason.rawValue)".utf8) })
    conflicts = numbered(
      results.conflicts.map {
        $0.tenant.bytes + [31] + $0.source.bytes + [31] + $0.id.bytes
          + Line("\u{1F}\($0.partition)/\($0.offset) first \($0.firstOffset)".utf8)
      })
    records = ends
    events = results.accounting.reduce(0) { $0 + $1.events }
    let spent = (ContinuousClock.now - began).components
    seconds = Double(spent.seconds) + Double(spent.attoseconds) / 1e18
  }

  private static func line(_ row: OracleResults.Usage) -> Line {
    var line = row.tenant.bytes + [31] + row.meter.bytes + [31]
    for (place, dimension) in row.dimensions.sorted(by: { $0.path < $1.path }).enumerated() {
      if place > 0 { line.append(30) }
      line += dimension.path.bytes + [29] + dimension.value.bytes
    }
    return line
      + Line("\u{1F}\(row.windowStart)\u{1F}\(row.windowEnd)\u{1F}\(row.quantity) x \(row.events)".utf8)
      + (row.approximate ? [126] : [])
  }

  private static func line(_ row: OracleResults.Accounting, end: Int) -> Line {
    let verdicts = [
      row[.counted], 0, row[.duplicate], row[.conflict], row[.voided], row[.unmetered], row[.quarantined],
    ]
    let words = verdicts.map(String.init).joined(separator: " ")
    return Line("\(row.partition): \(row.events) = \(words), next \(end)".utf8)
  }
}

/// The second of two lines that are alike, and each after it, gets a number.
func numbered(_ lines: [[UInt8]]) -> Set<[UInt8]> {
  var seen: [[UInt8]: Int] = [:]
  var all: Set<[UInt8]> = []
  for line in lines {
    seen[line, default: 0] += 1
    let count = seen[line] ?? 1
    all.insert(count == 1 ? line : line + Array(" #\(count)".utf8))
  }
  return all
}
