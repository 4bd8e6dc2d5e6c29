import Foundation
import TestStack

/// Events a second from Kafka to PostgreSQL, beside what librdkafka alone takes from the same topic in the same run.
///
/// In turns, so that a busy machine bothers all alike: a consumer in C that does nothing, the daemon, and, where it was built, a daemon
/// that only counts: one without the memory of identities and without the guard of the cursor. Each begins with a group and a database
/// of its own. Joining the group is not measured. What the daemon came to is compared with the recount.
struct Ratio {
  struct Size {
    var events = 1_000_000
    var partitions = 32
    var runs = 3
    /// Tenants of the load; in further turns each has a subscription to a plan that limits every meter.
    var limited = 0
  }

  private struct Turn {
    var wall: Double
    var cpu: Double
    /// Of PostgreSQL meanwhile.
    var server = 0.0
  }

  let size: Size
  let programs: BenchPrograms

  func run(_ print: (String) -> Void) throws {
    let cluster = try PostgresCluster("end-bench", durable: true, settings: ["shared_buffers": "256MB"])
    try cluster.start()
    defer { try? cluster.remove() }
    let stack = try Stack(topics: ["usage.events": size.partitions], cluster: cluster)
    defer { stack.stop() }
    let tenants = size.limited > 0 ? ["--tenants", "\(size.limited)"] : []
    let copy = try stack.load(size.events, ["--compression", "zstd"] + tenants, within: .seconds(1_800))

    var idle: [Turn] = []
    var whole: [Turn] = []
    var counting: [Turn] = []
    var limited: [Turn] = []
    var library = ""
    for run in 1...size.runs {
      let (turn, version) = try takeIdly(stack, "idle-\(run)")
      idle.append(turn)
      library = version
      whole.append(try count(stack, cluster, "whole-\(run)", nil, copy: run == 1 ? copy : nil))
      if size.limited > 0 {
        limited.append(try count(stack, cluster, "limited-\(run)", nil, copy: nil, more: Self.limits(size.limited)))
      }
      if let program = programs.onlyCounts {
        counting.append(try count(stack, cluster, "counting-\(run)", program, copy: nil))
      }
    }
    func ratio(_ what: (Turn) -> Double, _ over: [Turn], _ under: [Turn]) -> Double {
      median(zip(over, under).map { what($0) / what($1) })
    }
    print(
      "ratio to idle: the daemon needs \(figure(ratio(\.cpu, whole, idle))) x the processor time, \(figure(ratio(\.wall, whole, idle))) x the time"
    )
    if counting.isEmpty {
      print("ratio to only counting: not measured, that build was not made")
    } else {
      print(
        "ratio to only counting: exactly once needs \(figure(ratio(\.cpu, whole, counting))) x the processor time of the daemon, "
          + "\(figure(ratio(\.server, whole, counting))) x that of PostgreSQL, \(figure(ratio(\.wall, whole, counting))) x the time"
      )
    }
    if !limited.isEmpty {
      print(
        "ratio to no limits: \(size.limited) tenants with limits on every meter need \(figure(ratio(\.cpu, limited, whole))) x the "
          + "processor time of the daemon, \(figure(ratio(\.server, limited, whole))) x that of PostgreSQL, "
          + "\(figure(ratio(\.wall, limited, whole))) x the time")
    }
    for (name, turns) in [
      ("idle consumer", idle), ("daemon", whole), ("with limits", limited), ("only counting", counting),
    ] where !turns.isEmpty {
      let events = Double(size.events)
      print(
        "\(name): \(figure(events / median(turns.map(\.wall)))) events/s, \(figure(median(turns.map(\.cpu)) / events * 1e9)) ns of "
          + "processor time an event"
          + (turns[0].server > 0 ? ", \(figure(median(turns.map(\.server)) / events * 1e9)) of PostgreSQL's" : ""))
    }
    print(
      "events \(size.events) in \(size.partitions) partitions, \(size.runs) turns each, medians; equal to the recount")
    print(Machine.words(try stack.meterd(["version"], configured: false).output, library: library))
  }

  private func takeIdly(_ stack: Stack, _ group: String) throws -> (Turn, String) {
    let child = try ChildProcess(programs.idleConsumer, [stack.brokers, "usage.events", group, "\(size.events)"])
    guard try child.waitForExit(within: .seconds(900)) == .exited(0) else { throw child.failure("took too little") }
    let words = child.output.split(separator: " ").map(String.init)
    guard words.count >= 10, let wall = Double(words[5]), let cpu = Double(words[7]) else {
      throw child.failure("did not say what it took")
    }
    return (Turn(wall: wall / 1e9, cpu: cpu / 1e9), words[9].trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// A subscription of every tenant to a plan whose limits and warnings most of them come to.
  private static func limits(_ tenants: Int) -> String {
    let names = (1...tenants).map { number in
      let digits = String(number)
      return "tenant-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
    return """

      plans:
        - name: all
          version: 1
          currency: EUR
          usage:
            - { meter: api_calls, included: "100", limit: { mode: block }, warn_at: [50, 80] }
            - { meter: tokens, included: "100000", limit: { mode: throttle }, warn_at: [50, 80] }
            - { meter: storage_samples, included: "1000000000", limit: { mode: notify }, warn_at: [50, 80] }
      tenants:
      \(names.map { "  - { id: \($0) }" }.joined(separator: "\n"))
      subscriptions:
      \(names.map { "  - { id: s-\($0), tenant: \($0), plan: all, starts_at: 2026-01-01T00:00:00Z }" }.joined(separator: "\n"))

      """
  }

  /// From the first event that is counted to the last that is committed.
  private func count(
    _ stack: Stack, _ cluster: PostgresCluster, _ name: String, _ program: String?, copy: String?, more: String = ""
  ) throws -> Turn {
    let url = try cluster.createDatabase(name)
    let settings = ["postgres.url": url, "kafka.group": name, "flush.interval": "1s"]
    try migrate(stack, settings, program)
    try stack.apply(BenchPrograms.catalog + more, settings)
    let database = try Database(url)
    defer { database.close() }
    let daemon = try stack.startDaemon(settings, program: program)
    defer { _ = try? daemon.kill9() }
    try eventually("the first event", within: .seconds(120), every: .milliseconds(5)) {
      try daemon.get("/metrics").body.split(separator: "\n").contains {
        $0.hasPrefix("meterd_events_total{") && !$0.hasSuffix(" 0")
      }
    }
    let began = ContinuousClock.now
    let cpu = Ticks.seconds(of: daemon.process.pid) ?? 0
    let server = Ticks.seconds(of: cluster.sessions)
    try eventually("everything committed", is: "\(size.events)", within: .seconds(1_800), every: .milliseconds(20)) {
      try database.scalar("select coalesce(sum(next_offset), 0) from meterd.progress") ?? ""
    }
    let turn = Turn(
      wall: seconds(began.duration(to: .now)), cpu: (Ticks.seconds(of: daemon.process.pid) ?? 0) - cpu,
      server: Ticks.seconds(of: cluster.sessions) - server)
    guard try daemon.stop() == .exited(0) else { throw daemon.process.failure("did not end well") }
    if let copy { try compare(stack, settings, copy) }
    return turn
  }

  /// The schema is the program's own.
  private func migrate(_ stack: Stack, _ settings: [String: String], _ program: String?) throws {
    let configuration = try stack.configure(settings)
    let child = try ChildProcess(try program ?? stack.programs.meterd, ["migrate", "--config", configuration])
    guard try child.waitForExit() == .exited(0) else { throw child.failure("did not migrate") }
  }

  private func compare(_ stack: Stack, _ settings: [String: String], _ copy: String) throws {
    let catalog = try stack.folder.write(BenchPrograms.catalog, to: "recount.yaml")
    let recount = try stack.lab(
      ["oracle", "--config", try stack.configure(settings), "--catalog", catalog, "--json", copy],
      within: .seconds(1_800))
    let usage = try stack.meterd(["usage", "--json"], settings, within: .seconds(600))
    guard recount.status == 0, usage.status == 0 else {
      throw StackFailure(at: "bench", "nothing to compare", evidence: recount.errors + usage.errors)
    }
    func lines(_ text: String) -> Set<[UInt8]> { Set(text.utf8.split(separator: UInt8(ascii: "\n")).map(Array.init)) }
    let (wanted, seen) = (lines(recount.output), lines(usage.output))
    guard wanted == seen, !wanted.isEmpty else {
      throw StackFailure(
        at: "bench", "the daemon's rows are not those of the recount (\(wanted.symmetricDifference(seen).count) differ)"
      )
    }
  }
}
