import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

@Suite struct BooksTests {
  /// One database in good order with something in every table, of which each damage gets a copy.
  private static let template: Result<String, any Error> = Result {
    let bench = try LedgerBench()
    try bench.addMeters()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    let first = Flush.everything(claim)
    #expect(bench.commit(first) == .committed)
    var second = Flush.sample(claim, from: 20, to: 30, number: 2)
    second.identities = []
    second.rollups[0].series = first.series[0].key
    second.series = SeriesDefinitions()
    #expect(bench.commit(second) == .committed)
    let third = another(first)
    #expect(bench.commit(third) == .committed)
    #expect(try QuarantineOrder(.replay, [1], actor: "me").carryOut(bench.url).map(\.outcome) == [.done])
    #expect(bench.commit(.replay(of: 1, behind: third, number: 4)) == .committed)
    #expect(try QuarantineOrder(.discard, [2], actor: "me").carryOut(bench.url).map(\.outcome) == [.done])
    bench.database.close()
    return bench.url
  }

  /// Ten calls of another tenant, and an event that is quarantined.
  private static func another(_ first: Flush) -> Flush {
    var flush = first
    flush.number = 3
    flush.range = OffsetRange(from: 30, to: 41)
    let key = SeriesKey(high: 4, low: 4)
    flush.rollups = [first.rollups[0]]
    flush.rollups[0].series = key
    flush.series = SeriesDefinitions([
      SeriesDefinition(
        key: key, tenant: Array("other".utf8), meter: MeterID(1), paths: ["region"], values: [Array("eu".utf8)])
    ])
    (flush.samples, flush.values, flush.identities, flush.conflicts) = ([], [], [], [])
    flush.verdicts = VerdictCounts()
    flush.verdicts[.counted] = 10
    flush.verdicts[.quarantined] = 1
    flush.quarantined[0].offset = 31
    return flush
  }

  private func copy() throws -> String {
    let original = try Self.template.get().split(separator: "/").last.map(String.init) ?? ""
    let cluster = try PostgresCluster.shared
    let admin = try Database(cluster.url())
    defer { admin.close() }
    let name = "books_\(UUID().uuidString.prefix(8).lowercased())"
    // The ledger's connection goes with its pool, a moment after it was let go.
    try eventually("nobody uses the template") {
      try admin.scalar("select count(*) from pg_stat_activity where datname = $1", [original]) == "0"
    }
    try admin.execute("create database \(name) template \(original)")
    return cluster.url(name)
  }

  @Test func `books in order have no difference`() throws {
    let report = try Books.verify(try copy())
    #expect(report.differences == [])
    #expect(report.partitions == 1 && report.events == 41 && report.rollups == 4 && report.identities == 18)
  }

  @Test func `an empty schema has no difference`() throws {
    let url = try PostgresCluster.shared.createDatabase("empty")
    _ = try Schema.migrate(url)
    #expect(try Books.verify(url).differences == [])
  }

  @Test(arguments: Damage.all) func `damage is named, and nothing else is`(_ damage: Damage) throws {
    let url = try copy()
    let database = try Database(url)
    try database.execute("set session_replication_role = replica; " + damage.sql)
    let lines = try Books.verify(url).differences.map { "\($0.subject): \($0.problem)" }
    for wanted in damage.lines {
      #expect(lines.contains { $0.contains(wanted) }, "'\(wanted)' is not among \(lines)")
    }
    #expect(lines.allSatisfy { line in damage.lines.contains { line.contains($0) } }, "\(lines)")
    #expect(lines.count == damage.lines.count, "\(lines)")
    database.close()
    try PostgresCluster.shared.dropDatabase(url)
  }

  @Test func `verify looks at one instant, however a daemon goes on`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    let isDone = DispatchSemaphore(value: 0)
    DispatchQueue(label: "writer").async {
      for number in 0..<150 as Range<Int64> {
        var flush = Flush.sample(claim, from: number * 10, to: number * 10 + 10, number: number + 1)
        flush.identities = []
        _ = bench.commit(flush)
      }
      isDone.signal()
    }
    var looks = 0
    while isDone.wait(timeout: .now()) == .timedOut {
      #expect(try Books.verify(bench.url).differences == [])
      looks += 1
    }
    #expect(looks > 0)
  }
}
