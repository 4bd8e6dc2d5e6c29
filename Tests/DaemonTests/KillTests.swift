import Foundation
import TestDice
import TestStack
import Testing

/// SIGKILL at random moments under flow, with a way to PostgreSQL that may still hold what the dead daemon sent.
@Suite(.serialized) struct KillTests {
  @Test func `30 kills under flow lose nothing and count nothing twice`() throws {
    let stand = try KillStand(seed: 1, rounds: 30)
    defer { stand.stack.stop() }
    try stand.run()
    #expect(try stand.finish() == [])
    #expect(stand.staleFlushes >= stand.certainRounds && stand.certainRounds >= 5)
    print("30 kills, \(stand.staleFlushes) stale flushes reached PostgreSQL after their daemon's death")
  }

  /// The canary: without the guard the same rounds must count something twice, or the test above proves nothing.
  @Test func `with the guard of epoch and cursor removed the same rounds count twice`() throws {
    let stand = try KillStand(seed: 1, rounds: 6)
    defer { stand.stack.stop() }
    try stand.removeGuard()
    try stand.run()
    #expect(stand.certainRounds > 0)
    #expect(try !stand.finish().isEmpty)
  }
}

/// Daemons that follow each other under a steady load, each with a way of its own to PostgreSQL. Each round the next one starts while
/// the present one runs; in two of three kinds of round the present one's way stalls, at a random moment or before it has a successor,
/// when a flush is certain to be under way; it is killed at a random moment; and what was stalled arrives after its successor has
/// claimed the partitions.
private final class KillStand {
  private struct Runner {
    let daemon: Daemon
    let proxy: ByteProxy
  }

  let stack: Stack
  private let load: Load
  private let rounds: Int
  private var dice: Dice
  private var started = 0
  private(set) var staleFlushes = 0
  /// Rounds in which a flush was seen to be under way.
  private(set) var certainRounds = 0

  init(seed: UInt64, rounds: Int) throws {
    stack = try Stack(topics: ["usage.events": 4])
    dice = Dice(seed)
    self.rounds = rounds
    try stack.apply(Expectation.catalog)
    // A round takes some four seconds: the laboratory's broker lets a new group wait for three.
    load = try Load(stack, rate: 500, seed: Int(seed))
  }

  /// Replaces the procedure by one that believes every flush. The keys of journal and quarantine go too: they would refuse most
  /// stale flushes by themselves.
  func removeGuard() throws {
    let source = try stack.database.scalar("select pg_get_functiondef('meterd.apply'::regproc)") ?? ""
    let open = source.replacingOccurrences(of: "held.epoch is distinct from p_epoch", with: "false")
      .replacingOccurrences(of: "held.next_offset is distinct from p_from", with: "false")
    #expect(open != source)
    try stack.database.execute(open)
    try stack.database.execute("alter table meterd.journal drop constraint journal_pkey")
    try stack.database.execute("alter table meterd.quarantined drop constraint quarantined_partition_offset_place_key")
  }

  func run() throws {
    var present = try start()
    try present.daemon.waitUntilReady()
    for _ in 0..<rounds {
      let kind = dice.below(3)
      if kind == 1 {
        try present.proxy.stallWithFlush()
        certainRounds += 1
      }
      let next = try start()
      rest(upTo: 3_000)
      if kind == 2 {
        present.proxy.stall(.toServer)
        rest(upTo: 300)
      }
      _ = try present.daemon.process.kill9()
      try next.daemon.waitUntilReady()
      let trap = present.proxy.on(.toServer, containing: "call meterd.apply", .afterForwarding, times: 100, do: .run {})
      present.proxy.release()
      // Each connection ends once PostgreSQL has read and answered what came over it.
      try eventually("the end of every session of the dead", is: 0) { present.proxy.open }
      staleFlushes += trap.hits
      present.proxy.close()
      present = next
    }
    _ = try present.daemon.process.kill9()
    present.proxy.close()
  }

  private func start() throws -> Runner {
    let proxy = try ByteProxy(to: "127.0.0.1:\(PostgresCluster.shared.port)")
    let name = stack.databaseURL.split(separator: "/").last.map(String.init) ?? ""
    started += 1
    let daemon = try stack.startDaemon([
      "postgres.url": "postgresql://postgres@127.0.0.1:\(proxy.port)/\(name)?sslmode=disable&gssencmode=disable",
      // A group for each: that broker takes seconds to notice a dead member, and so both own the partitions for a while.
      "kafka.group": "round-\(started)", "flush.interval": "50ms",
    ])
    return Runner(daemon: daemon, proxy: proxy)
  }

  func finish() throws -> [String] {
    let expectation = Expectation(stack: stack, copy: try load.finish())
    try stack.startDaemon(["kafka.group": "last"]).waitUntilReady()
    // At least, as without the guard there are more.
    let count = try expectation.records()
    try eventually("all events have a verdict") {
      Int(try stack.database.scalar("select coalesce(sum(events), 0) from meterd.accounting") ?? "") ?? 0 >= count
    }
    return try expectation.differences()
  }

  private func rest(upTo ms: Int) { Thread.sleep(forTimeInterval: Double(dice.below(ms)) / 1_000) }
}
