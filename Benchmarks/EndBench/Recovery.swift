import Foundation
import TestStack

/// How long nothing is counted after a SIGKILL at full rate, with much to remember: until another daemon's first flush is committed.
///
/// The flow goes on meanwhile. What the broker takes to hand the partitions over is told apart: it waits for the dead one's session,
/// or, for a static member, for nobody.
struct Recovery {
  struct Size {
    var identities = 5_000_000
    var series = 200_000
    var partitions = 32
    /// Events a second.
    var rate = 15_000
    var tenants = 2_500
  }

  private static let sessionMs = 6_000
  private static let group = "recovery"

  let size: Size

  func run(_ print: (String) -> Void) throws {
    let cluster = try PostgresCluster(
      "recovery", durable: true, settings: ["shared_buffers": "512MB", "max_wal_size": "4GB"])
    try cluster.start()
    defer { try? cluster.remove() }
    let stack = try Stack(topics: ["usage.events": size.partitions], cluster: cluster)
    defer { stack.stop() }
    try stack.apply(BenchPrograms.catalog)
    let load = try ChildProcess(
      stack.programs.lab,
      [
        "load", "--brokers", stack.brokers, "--topic", "usage.events", "--rate", "\(size.rate)", "--tenants",
        "\(size.tenants)", "--duplicates", "0.02", "--late", "0", "--compression", "zstd",
      ], named: "load")
    defer { load.send(SIGKILL) }
    var present = try start(stack, "")
    try present.waitUntilReady()
    try eventually("so much to remember", within: .seconds(3_600), every: .milliseconds(500)) {
      guard present.process.isRunning, load.isRunning else { return true }
      return try gauge("meterd_identities", present) >= size.identities
        && gauge("meterd_series", present) >= size.series
    }
    guard present.process.isRunning else { throw present.process.failure("ended early") }
    guard load.isRunning else { throw load.failure("ended early") }
    // The one that takes the place of a dynamic member is static, so that the next one can take its name.
    for (dead, group) in [("dynamic", Self.group), ("static", Self.group), ("static", "fresh")] {
      let (identities, series) = (try gauge("meterd_identities", present), try gauge("meterd_series", present))
      let killed = ContinuousClock.now
      try present.kill9()
      present = try start(stack, "one", group: group)
      let course = try watch(present, stack, since: killed)
      let place = group == Self.group ? "" : ", in a group that nobody was in"
      print("after a \(dead) member with \(identities) identities and \(series) series\(place): \(course)")
      try present.waitUntilReady()
    }
    guard try present.stop() == .exited(0) else { throw present.process.failure("did not end well") }
    let halted = try stack.database.scalar("select count(*) from meterd.progress where halted is not null")
    guard halted == "0" else {
      throw StackFailure(at: "bench", "partitions halted; the broker kept too little: lower the rate")
    }
    print(
      "session timeout \(Self.sessionMs) ms, \(size.partitions) partitions, \(size.rate) events/s offered all the time")
    print(Machine.words(try stack.meterd(["version"], configured: false).output, library: "none"))
  }

  private func start(_ stack: Stack, _ instance: String, group: String = Self.group) throws -> Daemon {
    try stack.startDaemon([
      "kafka.group": group, "kafka.instance_id": instance,
      "kafka.properties.session.timeout.ms": "\"\(Self.sessionMs)\"",
      "kafka.properties.heartbeat.interval.ms": "\"500\"", "flush.interval": "1s", "memory.budget": "8GiB",
    ])
  }

  private func gauge(_ name: String, _ daemon: Daemon) throws -> Int {
    let line = try daemon.get("/metrics").body.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
    return line.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
  }

  /// What took how long, in the order in which it happened. A claim sets the number of the last flush to none.
  private func watch(_ daemon: Daemon, _ stack: Stack, since killed: ContinuousClock.Instant) throws -> String {
    let flushed = "select count(*) from meterd.partition where last_flush > 0 and owner like '%/\(daemon.process.pid)'"
    let born = ContinuousClock.now
    func committed(_ partitions: Int) throws -> Double {
      try eventually("\(partitions) partitions moved on", within: .seconds(300), every: .milliseconds(5)) {
        try Int(stack.database.scalar(flushed) ?? "") ?? 0 >= partitions
      }
      return seconds(killed.duration(to: .now))
    }
    let (first, all) = (try committed(1), try committed(size.partitions))
    func said(_ message: String) throws -> Double {
      let line = try daemon.process.waitForLine(matching: "\"msg\":\"\(message)\"")
      return seconds(killed.duration(to: born)) + seconds(line.at)
    }
    let (starting, assigned, reading) = (try said("starting"), try said("partitions assigned"), try said("reading"))
    return "\(figure(first)) s from the kill to the first commit, \(figure(all)) s until every partition moved; start "
      + "\(figure(starting)) s, the group \(figure(assigned - starting)) s, claim and restore \(figure(reading - assigned)) s, "
      + "first flush \(figure(first - reading)) s; without the group \(figure(first - assigned + starting)) s"
  }
}
