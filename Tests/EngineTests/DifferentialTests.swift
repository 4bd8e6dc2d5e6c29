import Foundation
import MeterModel
import MeterOracle
import TestLogs
import Testing

/// The engine against the independent recount, over the same records.
@Suite struct DifferentialTests {
  #if DEBUG
  static let sizes = Sizes(seeds: 1...6, events: 1_500)
  #else
  static let sizes = Sizes(
    seeds: 1...UInt64(ProcessInfo.processInfo.environment["METERD_TEST_SEEDS"] ?? "12", radix: 10)!, events: 40_000)
  #endif

  struct Sizes {
    var seeds: ClosedRange<UInt64>
    var events: Int
  }

  @Test(arguments: sizes.seeds)
  func `engine and recount agree, however batches, seals and crashes fall`(_ seed: UInt64) throws {
    let log = try HostileLog(seed: seed, events: Self.sizes.events, partitions: 3)
    var oracle = Oracle(settings: log.settings, meters: HostileCatalog.oracleMeters) { Zstd.content($0, limit: $1) }
    for record in log.partitions.joined() { oracle.take(record) }
    let expected = oracle.results(upTo: log.settings.now)
    if log.settings.maxSeriesPerMeter < 10 {
      let other: OracleText = "~other"
      #expect(expected.usage.contains { $0.dimensions.contains { $0.value == other } }, "seed \(seed)")
    }
    #expect(expected.quarantine.contains { $0.reason == .overflow }, "seed \(seed): no sum left its 38 digits")

    for faults in [Counting.Faults.none, .crashes] {
      var counting = Counting(log, seed: seed, faults: faults)
      try counting.run()
      #expect(counting.loads > 0, "seed \(seed): nothing was thrown out of memory and asked for again")
      compare(counting.books, expected, log, "seed \(seed), \(faults), \(counting.crashes) crashes")
    }
  }

  private func compare(_ books: Books, _ expected: OracleResults, _ log: HostileLog, _ where: String) {
    for accounting in expected.accounting {
      let found = books.partitions[accounting.partition]
      for verdict in Verdict.allCases {
        let count = OracleVerdict(rawValue: verdict.name).map { accounting[$0] } ?? 0
        #expect(Int(found.verdicts[verdict]) == count, "\(verdict) of partition \(accounting.partition); \(`where`)")
      }
    }
    var differences: [String] = []
    for number in log.partitions.indices {
      let found = books.partitions[number].quarantined.map { "\($0.offset) \($0.place) \($0.reason.rawValue)" }
      let wanted = expected.quarantine.filter { $0.partition == number }.map {
        "\($0.offset) \($0.index) \($0.reason.rawValue)"
      }
      differences += difference(found, wanted, "quarantine of \(number)")
      let payloads = books.partitions[number].quarantined.map { $0.payload.isEmpty ? nil : $0.payload }
      // The event's own bytes are the record's where it is neither compressed nor a batch.
      let whole = log.partitions[number].filter { $0.headers.isEmpty && $0.value?.first != UInt8(ascii: "[") }
      let values = Dictionary(uniqueKeysWithValues: whole.map { ($0.offset, $0.value) })
      for (event, payload) in zip(books.partitions[number].quarantined, payloads)
      where values[event.offset].map({ $0 ?? [] != payload ?? [] }) ?? false {
        differences.append("payload at \(event.offset)")
      }
      differences += difference(
        books.partitions[number].conflicts.map { "\($0.tenant) \($0.source) \($0.id) \($0.firstOffset) \($0.offset)" },
        expected.conflicts.filter { $0.partition == number }.map {
          "\($0.tenant.bytes) \($0.source.bytes) \($0.id.bytes) \($0.firstOffset) \($0.offset)"
        }, "conflicts of \(number)")
    }
    let usage = expected.usage.map { row in
      "\(row.tenant) \(row.meter) \(row.dimensions.map { "\($0.path)=\($0.value)" }) \(row.windowStart) \(row.quantity) x\(row.events)"
    }
    differences += difference(books.usage, usage.sorted(by: bytewise), "usage")
    for line in differences.prefix(12) { Issue.record("\(line); \(`where`)") }
    #expect(differences.isEmpty, "\(`where`)")
  }

  /// What stands in one list only; lists are in order or come sorted.
  private func difference(_ found: [String], _ wanted: [String], _ what: String) -> [String] {
    if found.map({ Array($0.utf8) }) == wanted.map({ Array($0.utf8) }) { return [] }
    let (a, b) = (Set(found.map { Array($0.utf8) }), Set(wanted.map { Array($0.utf8) }))
    let extra = a.subtracting(b).map { "\(what): only the engine has \(String(decoding: $0, as: UTF8.self))" }
    let missing = b.subtracting(a).map { "\(what): only the recount has \(String(decoding: $0, as: UTF8.self))" }
    return extra.isEmpty && missing.isEmpty ? ["\(what): another order or number"] : (extra + missing).sorted()
  }
}
