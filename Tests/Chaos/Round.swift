import Foundation
import MeterLab
import Synchronization
import TestDice
import TestStack

/// One round: a fresh log, a fresh database and a group of daemons, faults while the log flows, and the comparison at its end.
final class Round: Sendable {
  private struct Tally {
    var injected: [String: Int] = [:]
    var felt: [String: Int] = [:]
    var terminated = 0
  }

  /// Everything is healed by then, and what is left of a log is counted in seconds, unless others have the machine.
  private static let drainLimit: Duration = .seconds(1_800)

  let plan: RoundPlan
  let server: Server
  let stack: Stack
  let fleet: Fleet
  let chronicle: Chronicle
  private let tally = Mutex(Tally())
  private let shelf: RecountShelf

  init(_ plan: RoundPlan, _ server: Server, _ shelf: RecountShelf, tells: Bool) throws {
    self.shelf = shelf
    self.plan = plan
    self.server = server
    chronicle = Chronicle(tells: tells)
    stack = try Stack(topics: [RoundPlan.topic: plan.partitions], cluster: server.cluster)
    fleet = Fleet(stack, server.cluster, plan, chronicle)
  }

  func prepare(_ spoiling: (@Sendable (Database) throws -> Void)?) throws {
    try stack.apply(ChaosCatalog.yaml)
    try spoiling?(stack.database)
  }

  /// Hands what is worth keeping of a round that went wrong to `evidence`.
  func run(evidence: String?, keeps: Bool) throws -> RoundReport {
    var report = RoundReport(seed: plan.seed, round: plan.round)
    let began = ContinuousClock.now
    let recount = Worker("recount") { [plan, shelf] in try shelf.recount(plan) }
    defer { stack.stop() }
    for _ in 0..<plan.daemons.first { try fleet.start() }
    let watch = Worker("watch") { [fleet] in fleet.watch() }
    let law = Worker("law") { self.watchOffsets() }
    try eventually("somebody owns partitions") { try !owners(stack.database).isEmpty }

    let flow = Flow(plan)
    let flowing = Worker("flow") { [plan, stack] in try flow.run(plan, brokers: stack.brokers) }
    let flowBegan = ContinuousClock.now
    let hands = FaultKind.Hand.allCases.map { hand in Worker("hand") { self.inject(hand, since: flowBegan) } }
    for hand in hands { try hand.join() }
    flow.release()
    try heal()
    let sent = try flowing.join()
    report.flowSeconds = Self.seconds(since: flowBegan)
    chronicle.note("the flow is over: \(sent.line)")

    let drainBegan = ContinuousClock.now
    let isDrained = drain(sent.acknowledged)
    report.drainSeconds = Self.seconds(since: drainBegan)
    fleet.end()
    try watch.join()
    try law.join()
    let wanted = try recount.join()
    let isLogWhole = try checkLog(sent, wanted)
    let comparison = isLogWhole && isDrained ? Comparison(wanted, try Tables(stack.database)) : Comparison()
    for difference in comparison.told { chronicle.note("DIFFERENCE \(difference)") }
    fill(&report, wanted, comparison)
    report.seconds = Self.seconds(since: began)
    if keeps || !isDrained || !report.isSound, let evidence { keepEvidence(in: evidence, report) }
    return report
  }

  private func fill(_ report: inout RoundReport, _ wanted: Recount, _ comparison: Comparison) {
    report.daemons = fleet.members.count
    report.records = plan.records
    // What was not compared proves nothing.
    report.events = comparison.rows > 0 ? wanted.events : 0
    report.rows = comparison.rows
    report.differences = comparison.differences
    report.failures = fleet.failures.count
    report.recountSeconds = wanted.seconds
    report.restarts = fleet.restarts
    let counts = fleet.counts
    report.refused = counts.fences
    report.committed = counts.committed
    report.absent = counts.absent
    report.doubtRefused = counts.refused
    tally.withLock { tally in
      report.injected = tally.injected
      report.felt = tally.felt
      report.terminated = tally.terminated
    }
  }

  // Faults

  private func inject(_ hand: FaultKind.Hand, since began: ContinuousClock.Instant) {
    do {
      let database = try Database(stack.databaseURL)
      defer { database.close() }
      for step in plan.steps where step.kind.hand == hand {
        let early = step.atMs - Int(Self.seconds(since: began) * 1_000)
        if early > 0 { rest(early) }
        var dice = Dice(step.seed)
        chronicle.note("\(step.kind.rawValue) begins")
        // Behind a full disk it may have given up for good.
        if hand == .server, server.cluster.server?.isRunning != true { try server.cluster.start() }
        let wasFelt = try carryOut(step.kind, &dice, database)
        chronicle.note("\(step.kind.rawValue) is over\(wasFelt ? "" : ", and nothing felt it")")
        tally.withLock { tally in
          tally.injected[step.kind.rawValue, default: 0] += 1
          tally.felt[step.kind.rawValue, default: 0] += wasFelt ? 1 : 0
        }
      }
    } catch {
      fleet.fail("the stand itself: a fault could not be injected: \(error)")
    }
  }

  /// True when something was seen to feel it.
  private func carryOut(_ kind: FaultKind, _ dice: inout Dice, _ database: Database) throws -> Bool {
    switch kind {
    case .kill: try kill(&dice, database)
    case .stop: try stop(&dice, database)
    case .rebalance: try rebalance(&dice, database)
    case .pgcrash: try crash(&dice)
    case .pgterm: terminate(&dice, database)
    case .lock: try lock(&dice, database)
    case .diskfull: try fillDisk(&dice)
    case .cut: cut(&dice)
    case .clock: try stepClock(&dice)
    }
  }

  func countTerminated(_ count: Int) { tally.withLock { $0.terminated += count } }

  // The end

  private func heal() throws {
    if !server.cluster.isRunning { try server.cluster.start() }
    try fleet.heal()
  }

  /// Waits until every cursor is at the end of its partition; says where each stands when that does not come.
  private func drain(_ records: Int) -> Bool {
    do {
      try eventually(
        "every cursor at its log's end", is: "\(records)", within: Self.drainLimit, every: .milliseconds(100)
      ) {
        if fleet.failures.count > 3 { return "given up" }
        return try stack.database.scalar("select coalesce(sum(next_offset), 0) from meterd.progress") ?? "none"
      }
      return true
    } catch {
      let rows = try? stack.database.query(
        "select partition, next_offset, epoch, owner, committed_at, halted from meterd.progress order by partition")
      let progress = (rows ?? []).map { $0.map { $0 ?? "null" }.joined(separator: " | ") }.joined(separator: "\n")
      let ready = fleet.serving.map { member in
        "\(member): \((try? member.daemon.get("/readyz", within: .seconds(2)).body) ?? "no answer")"
      }
      fleet.fail("the log was not counted to its end: \(error)\n\(progress)\n\(ready.joined(separator: "\n"))")
      return false
    }
  }

  /// The broker keeps little and drops in silence: a round whose log is not the one that was made says nothing of the daemon.
  private func checkLog(_ sent: LoadSummary, _ wanted: Recount) throws -> Bool {
    let log = try BrokerLog(stack.brokers, group: fleet.group)
    let ends = try (0..<plan.partitions).map { try log.watermarks(RoundPlan.topic, Int32($0)) }
    let isWhole = ends.allSatisfy { $0.low == 0 } && ends.map(\.high) == wanted.records
    if isWhole, sent.failed == 0, sent.unplaced == 0 { return true }
    fleet.fail("the stand itself: the broker does not have the log that was made: \(sent.line); it has \(ends)")
    return false
  }

  /// What the group tells Kafka is a hint for people, and may never be ahead of what is in PostgreSQL.
  private func watchOffsets() {
    do {
      let log = try BrokerLog(stack.brokers, group: fleet.group)
      let database = try Database(stack.databaseURL)
      defer { database.close() }
      while !fleet.isOver {
        // The hint first: the cursor may have moved on meanwhile, and never goes back.
        let told = try? log.committed(RoundPlan.topic, partitions: plan.partitions)
        let rows = try? database.query("select partition, coalesce(next_offset, 0) from meterd.progress")
        for row in rows ?? [] {
          guard let partition = Int(row[0] ?? ""), let cursor = Int(row[1] ?? ""), let told, told[partition] > cursor
          else { continue }
          fleet.fail("Kafka was told \(told[partition]) of partition \(partition), but its cursor is \(cursor)")
          return
        }
        rest(500)
      }
    } catch {
      fleet.fail("the stand itself: what the group tells Kafka could not be watched: \(error)")
    }
  }

  private func keepEvidence(in folder: String, _ report: RoundReport) {
    let place = "\(folder)/seed-\(plan.seed)-round-\(plan.round)"
    try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    func write(_ text: String, _ name: String) {
      try? text.write(toFile: "\(place)/\(name)", atomically: true, encoding: .utf8)
    }
    write(report.json + "\n", "report.json")
    write(chronicle.text, "chronicle.txt")
    for member in fleet.members { write(member.daemon.process.dump(last: .max), "daemon-\(member.number).log") }
    write(server.cluster.log.map { "\($0)" }.joined(separator: "\n"), "postgres.log")
    chronicle.note("kept \(place)")
  }

  /// What went wrong, for a person, with the seed that brings the same log and the same plan again.
  func complaint(_ evidence: String?) -> String {
    let lines = chronicle.text.split(separator: "\n").filter { $0.contains("FAILURE") || $0.contains("DIFFERENCE") }
    let kept = evidence.map { "; kept in \($0)/seed-\(plan.seed)-round-\(plan.round)" } ?? ""
    return "seed \(plan.seed), round \(plan.round)\(kept):\n" + lines.joined(separator: "\n")
  }

  private static func seconds(since began: ContinuousClock.Instant) -> Double {
    let spent = began.duration(to: .now).components
    return Double(spent.seconds) + Double(spent.attoseconds) / 1e18
  }

  /// Partitions by who has them.
  func owners(_ database: Database) throws -> [String: Int] {
    let rows = try database.query("select owner, count(*) from meterd.progress where owner is not null group by owner")
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] ?? "", Int($0[1] ?? "") ?? 0) })
  }
}
