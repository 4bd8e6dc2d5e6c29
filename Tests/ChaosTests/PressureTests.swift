import Foundation
import TestStack
import Testing

@testable import Chaos

/// PostgreSQL does nothing for a while under full flow. METERD_PRESSURE_SECONDS says how long; figures are told of 60.
@Suite(.serialized) struct PressureTests {
  enum Trouble: String, CaseIterable {
    /// Another session holds every table.
    case lock = "every table locked"
    /// The disk of the write-ahead log has no room.
    case disk = "the write-ahead log's disk full"

    var isPossible: Bool { self == .lock || SmallDisk.isPossible }
  }

  private static let seconds = Int(ProcessInfo.processInfo.environment["METERD_PRESSURE_SECONDS"] ?? "") ?? 6
  private static let isLarge = seconds >= 30
  private static let rate = 2_000
  /// The least that can be set; a quarter each is for counts that wait and for sums in memory.
  private static let budgetMebibytes = 256
  /// Of a flow before the trouble, so that memory has its size.
  private static let leadSeconds = isLarge ? 15 : 5
  /// What is allocated in between and given back later, by the allocator and by librdkafka.
  private static let slackMebibytes = 48

  @Test(
    .enabled("a small disk can be mounted by root only") { SmallDisk.isPossible }, arguments: Trouble.allCases)
  func `while PostgreSQL cannot write, memory stays where it is, the group keeps the daemon, and then all is exact`(
    _ trouble: Trouble
  ) throws {
    let flowSeconds = Self.leadSeconds + Self.seconds + 3
    let options = try #require(
      ChaosOptions(["--seed", "77", "--events", "\(Self.rate * flowSeconds)", "--seconds", "\(flowSeconds)"]))
    let plan = RoundPlan(options, round: 1)
    let server = try Server(onSmallDisks: true)
    defer { server.remove() }
    let stack = try Stack(topics: [RoundPlan.topic: plan.partitions], cluster: server.cluster)
    defer { stack.stop() }
    try stack.apply(ChaosCatalog.yaml)
    let daemon = try stack.startDaemon(
      ChaosCatalog.settings.merging([
        "memory.budget": "\(Self.budgetMebibytes)MiB", "flush.interval": "500ms",
        "kafka.properties.session.timeout.ms": "\"6000\"", "kafka.properties.heartbeat.interval.ms": "\"500\"",
      ]) { $1 }
    ).waitUntilReady()
    let recount = Worker("recount") { try Recount(plan) }
    let flow = Flow(plan)
    let flowing = Worker("flow") { [stack] in try flow.run(plan, brokers: stack.brokers) }
    defer { flow.abandon() }
    rest(Self.leadSeconds * 1_000)
    let gauge = Gauge(daemon)
    let before = gauge.resident()
    let retriesBefore = try gauge.retries()
    let counted = try gauge.counted()

    let during = try hold(trouble, server, stack, gauge)
    let retries = try gauge.retries() - retriesBefore
    let countedMeanwhile = try gauge.counted() - counted
    try daemon.waitUntilReady()
    flow.release()
    let sent = try flowing.join()
    try eventually("every cursor at its log's end", is: "\(sent.acknowledged)", within: .seconds(900)) {
      try stack.database.scalar("select coalesce(sum(next_offset), 0) from meterd.progress") ?? "none"
    }
    let after = gauge.resident()
    print(
      "\(trouble.rawValue) for \(Self.seconds) s at \(Self.rate) events/s: resident \(before) MiB before, \(during.first) to "
        + "\(during.most) MiB meanwhile, \(during.last) at its end, \(after) after all is counted; \(countedMeanwhile) events counted "
        + "meanwhile; \(retries) retries, at most \(during.retriesMost) in a second")
    fflush(nil)
    let comparison = Comparison(try recount.join(), try Tables(stack.database))
    print("\(comparison.rows) rows compared, \(comparison.differences) differences")
    #expect(comparison.differences == 0, "\(comparison.told)")
    #expect(during.most <= before + Self.budgetMebibytes / 2 + Self.slackMebibytes)
    #expect(during.retriesMost < 10)
    #expect(during.wasUnready)
    #expect(!daemon.process.lines.contains { $0.text.contains("partitions revoked") })
    #expect(try stack.database.scalar("select max(epoch) from meterd.progress") == "1")
  }

  private struct Course {
    var first = 0
    var most = 0
    var last = 0
    var retriesMost = 0
    var wasUnready = false
  }

  private func hold(_ trouble: Trouble, _ server: Server, _ stack: Stack, _ gauge: Gauge) throws -> Course {
    let holder = try Database(stack.databaseURL)
    defer { holder.close() }
    let disk = try #require(server[.log])
    switch trouble {
    case .lock:
      let tables = try stack.database.scalar(
        "select string_agg('meterd.' || tablename, ', ') from pg_tables where schemaname = 'meterd'")
      let statement = "lock table \(try #require(tables)) in access exclusive mode"
      try eventually("the lock", within: .seconds(60)) {
        do {
          try holder.execute("begin; set local lock_timeout = '3s'; \(statement)")
          return true
        } catch {
          _ = try? holder.execute("rollback")
          throw error
        }
      }
    case .disk: try disk.fill()
    }
    var course = Course(first: gauge.resident())
    var retries = try gauge.retries()
    let began = ContinuousClock.now
    let until = began + .seconds(Self.seconds)
    while ContinuousClock.now < until {
      let second = ContinuousClock.now
      for _ in 0..<5 {
        rest(200)
        // What becomes free meanwhile is taken too.
        if trouble == .disk { try? disk.fill() }
        course.most = max(course.most, gauge.resident())
      }
      let now = try gauge.retries()
      // A busy machine makes a second longer.
      let length = second.duration(to: .now) / .seconds(1)
      // In the first second each partition fails once without repeating anything.
      if began.duration(to: second) > .milliseconds(900) {
        course.retriesMost = max(course.retriesMost, Int(Double(now - retries) / max(1, length)))
      }
      retries = now
      course.wasUnready = try gauge.isUnready() || course.wasUnready
    }
    course.last = gauge.resident()
    switch trouble {
    case .lock: try holder.execute("commit")
    case .disk:
      try disk.free()
      rest(200)
      // It gives up for good when it cannot even recover.
      if server.cluster.server?.isRunning != true { try server.cluster.start() }
    }
    return course
  }
}

/// What is read off a running daemon.
private struct Gauge {
  let daemon: Daemon

  init(_ daemon: Daemon) { self.daemon = daemon }

  /// In MiB, as the kernel has it.
  func resident() -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(daemon.process.pid)/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(separator: " ").dropFirst().first).flatMap { Int($0) }.map { $0 / 1_024 } ?? 0
  }

  func retries() throws -> Int { try sum("meterd_postgres_retries_total") }
  func counted() throws -> Int { try sum("meterd_events_total{") }
  func isUnready() throws -> Bool { try daemon.get("/readyz").status == 503 }

  private func sum(_ prefix: String) throws -> Int {
    try daemon.get("/metrics").body.split(separator: "\n").filter { $0.hasPrefix(prefix) }
      .reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
  }
}
