import Foundation
import MeterLab
import TestStack
import Testing

@testable import Chaos

@Suite struct PlanTests {
  @Test func `a seed and a round are a whole plan and a whole log`() throws {
    let options = try #require(ChaosOptions(["--seed", "9", "--events", "2000"]))
    let plan = RoundPlan(options, round: 4)
    let again = RoundPlan(options, round: 4)
    #expect("\(plan.steps)" == "\(again.steps)" && plan.settings == again.settings && plan.logSeed == again.logSeed)
    #expect("\(plan.steps)" != "\(RoundPlan(options, round: 5).steps)")
    #expect(try Self.log(plan) == Self.log(again))
    #expect(try Self.log(plan) != Self.log(RoundPlan(options, round: 5)))
  }

  @Test func `rounds that are alike have one log and faults of their own`() throws {
    let options = try #require(ChaosOptions(["--seed", "9", "--alike", "3"]))
    let plans = (1...6).map { RoundPlan(options, round: $0) }
    #expect(Set(plans.prefix(3).map(\.logSeed)).count == 1)
    #expect(Set(plans.map(\.logSeed)).count == 2 && plans[2].logSeed != plans[3].logSeed)
    #expect(Set(plans.map { "\($0.steps)" }).count == 6)
    // The first of them is the round that it would be alone.
    let alone = try #require(ChaosOptions(["--seed", "9"]))
    #expect(plans[3].logSeed == RoundPlan(alone, round: 4).logSeed)
    #expect("\(plans[4].steps)" == "\(RoundPlan(alone, round: 5).steps)")
  }

  private static func log(_ plan: RoundPlan) throws -> [ReplayedRecord] {
    var stream = try ChaosStream(seed: plan.logSeed, count: plan.records, partitions: plan.partitions)
    var records: [ReplayedRecord] = []
    while let record = stream.next() { records.append(record) }
    return records
  }

  @Test func `over many rounds every kind comes as often as it weighs`() throws {
    let options = try #require(ChaosOptions(["--faults", "10"]))
    var counts: [FaultKind: Int] = [:]
    for round in 1...400 {
      for step in RoundPlan(options, round: round).steps { counts[step.kind, default: 0] += 1 }
    }
    let kinds = FaultKind.allCases.filter { $0.hindrance == nil }
    let weight = kinds.reduce(0) { $0 + $1.weight }
    for kind in kinds {
      let wanted = 4_000 * kind.weight / weight
      #expect(abs(counts[kind, default: 0] - wanted) < 80, "\(kind): \(counts[kind, default: 0]) of \(wanted)")
    }
  }

  @Test(arguments: [
    ["--fault", "kill,cutt"], ["--fault", ""], ["--rounds", "0"], ["--daemons", "0..2"], ["--daemons", "3..2"],
    ["--daemons", "1..5"], ["--daemons", "1..2..3"], ["--seed"], ["--sed", "1"], ["--events", "many"],
  ])
  func `what is not an option is refused`(_ words: [String]) {
    #expect(ChaosOptions(words) == nil)
  }

  @Test func `options say what they say`() throws {
    let options = try #require(
      ChaosOptions(["--fault", "cut,kill", "--daemons", "3", "--rounds", "7", "--from", "5", "--tell"]))
    #expect(options.kinds == [.kill, .cut] && options.daemons == 3...3 && options.rounds == 7 && options.from == 5)
    #expect(options.tells && !options.keeps)
    #expect(ChaosOptions(["--daemons", "2..4"])?.daemons == 2...4)
  }

  /// The recount of the stand takes the records from its own stream; the program reads them from a file.
  @Test func `the recount of the stand is that of meterd-lab oracle over the written log`() throws {
    let folder = try TemporaryFolder("chaos-log")
    defer { folder.remove() }
    let options = try #require(ChaosOptions(["--seed", "5", "--events", "6000"]))
    let plan = RoundPlan(options, round: 1)
    let recount = try Recount(plan)
    let log = folder.path(of: "log.ndjson")
    try Sitting(options, evidence: nil) { _ in }.writeLog(to: log)
    let catalog = try folder.write(ChaosCatalog.yaml, to: "catalog.yaml")
    let words = [
      "oracle", "--catalog", catalog, "--window", "1h", "--dedupe", "30m", "--max-past", "35d", "--max-future", "10m",
      "--max-size", "4KiB", "--max-per-meter", "12", "--json", log,
    ]
    let lab = try Programs().lab
    func lines(_ more: String...) throws -> [[String: Any]] {
      let child = try ChildProcess(lab, words + more, linesMax: 1_000_000)
      guard try child.waitForExit() == .exited(0) else { throw child.failure("the oracle failed") }
      return try child.output.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      }
    }
    let accounting = try lines("--accounting").map { row in
      let verdicts = ["counted", "late", "duplicate", "conflict", "voided", "unmetered", "quarantined"]
      let counts = verdicts.map { "\(row[$0] as? Int ?? -1)" }.joined(separator: " ")
      let partition = row["partition"] as? Int ?? -1
      return Array("\(partition): \(row["events"] as? Int ?? -1) = \(counts), next \(recount.records[partition])".utf8)
    }
    #expect(Set(accounting) == recount.accounting)
    #expect(try lines().count == recount.usage.count)
    #expect(try lines("--quarantine").count == recount.quarantine.count)
    // Every kind of record came, or the comparison says little.
    let verdicts = try lines("--accounting")
    for verdict in ["counted", "duplicate", "conflict", "voided", "unmetered", "quarantined"] {
      #expect(verdicts.reduce(0) { $0 + ($1[verdict] as? Int ?? 0) } > 0, "\(verdict)")
    }
    #expect(!recount.conflicts.isEmpty)
  }

  @Test func `a difference is told with what both sides have`() {
    let one = Recount(usage: ["a", "b"], accounting: ["0: 1"])
    let same = Comparison(one, Tables(usage: ["b", "a"], accounting: ["0: 1"]))
    #expect(same.differences == 0 && same.rows == 3)
    let other = Comparison(one, Tables(usage: ["a", "c"], accounting: ["0: 1"], flaws: ["a gap"]))
    #expect(other.differences == 3)
    #expect(other.told == ["a gap", "usage missing: b", "usage surplus: c"])
  }

  @Test func `rounds of several sittings add up to one table`() throws {
    let folder = try TemporaryFolder("chaos-sum")
    defer { folder.remove() }
    var first = RoundReport(seed: 1, round: 1)
    first.events = 10
    first.injected = ["kill": 2]
    first.felt = ["kill": 1]
    first.refused = 3
    var second = RoundReport(seed: 2, round: 9)
    second.events = 5
    second.injected = ["kill": 1, "cut": 4]
    second.differences = 1
    let file = try folder.write(first.json + "\n" + second.json + "\n", to: "results.ndjson")
    let summary = try Sitting.sum(file)
    #expect(!summary.isSound)
    #expect(summary.total.events == 15 && summary.total.refused == 3)
    #expect(summary.total.injected == ["kill": 3, "cut": 4])
    #expect(summary.text.contains("unsound rounds (seed/round): 2/9"), "\(summary.text)")
  }
}

extension Recount {
  fileprivate init(usage: [String], accounting: [String]) {
    self.init(
      usage: Set(usage.map { Array($0.utf8) }), accounting: Set(accounting.map { Array($0.utf8) }), quarantine: [],
      conflicts: [], records: [], events: 0, seconds: 0)
  }
}

extension Tables {
  fileprivate init(usage: [String], accounting: [String], flaws: [String] = []) {
    self.init(
      usage: Set(usage.map { Array($0.utf8) }), accounting: Set(accounting.map { Array($0.utf8) }), quarantine: [],
      conflicts: [], flaws: flaws)
  }
}
