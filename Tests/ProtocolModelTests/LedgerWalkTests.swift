import PostgresEdge
import TestStack
import Testing

@testable import ProtocolModel

@Suite struct LedgerWalkTests {
  private struct Bench {
    let database: Database
    let ledger: Ledger

    init() throws {
      let url = try PostgresCluster.shared.createDatabase("walk")
      _ = try Schema.migrate(url)
      database = try Database(url)
      ledger = Ledger(
        pool: Pool(target: url, connections: 2, name: "walk"), owner: "walk", uniqueMax: 1, dedupeWindow: .hours(24))
    }
  }

  private static let model = Model(Scope(events: [0, 1, 0, 2], lateMax: 2, isLiteral: true))
  private static let steps = 150

  @Test func `along random ways the model's server answers as PostgreSQL does`() throws {
    let bench = try Bench()
    let book = Self.model.book()
    var statements: [String: Int] = [:]
    var complete = 0
    for seed in 0..<60 {
      var walk = LedgerWalk(book, bench.ledger, bench.database, partition: Int32(seed), seed: UInt64(seed))
      for _ in 0..<Self.steps where walk.flaws.isEmpty && walk.differences.isEmpty { try walk.step() }
      let trouble = walk.flaws + walk.differences
      #expect(trouble.isEmpty, "seed \(seed): \(trouble.joined(separator: "; "))")
      statements.merge(walk.statements, uniquingKeysWith: +)
      if walk.isComplete { complete += 1 }
    }
    print("statements sent to both: \(statements.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
    for name in ["claim", "begin", "restore", "commit", "resolve", "late"] {
      #expect(statements[name, default: 0] > 20, "\(name)")
    }
    #expect(complete > 0)
  }

  @Test(arguments: [Guard.epochInApply, .repeatedFlushInApply, .claimResetsLastFlush, .epochInBegin])
  func `a model that is wrong about the server is noticed`(_ one: Guard) throws {
    let bench = try Bench()
    let book = Self.model.book(without: [one])
    var isNoticed = false
    for seed in 0..<200 where !isNoticed {
      var walk = LedgerWalk(book, bench.ledger, bench.database, partition: Int32(seed), seed: UInt64(seed))
      for _ in 0..<Self.steps where walk.differences.isEmpty { try walk.step() }
      isNoticed = !walk.differences.isEmpty
    }
    #expect(isNoticed, "\(one.words)")
  }
}
