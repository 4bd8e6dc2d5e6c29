import Foundation
import Synchronization
import TestStack

/// One daemon of the fleet with its own ways to PostgreSQL and Kafka, its own clock, and what it said of itself.
final class Member: Sendable, CustomStringConvertible {
  struct Counts: Sendable {
    /// Flushes to which the database said no.
    var fences = 0
    var committed = 0
    var absent = 0
    var refused = 0
  }

  private struct State {
    var isPaused = false
    /// Its end is wanted, or has been dealt with.
    var isLeaving = false
    var scraped = Counts()
  }

  let number: Int
  let instance: String
  let daemon: Daemon
  let database: ByteProxy
  let broker: ByteProxy
  let clock: SteppedClock?
  /// The procedure's one row when it refuses. It is counted on the wire, where also the answer to a daemon that is dead by then comes by.
  private static let refusal: [UInt8] =
    Array("D".utf8) + [0, 0, 0, 17, 0, 1, 0, 0, 0, 7] + Array("refused".utf8)
  private let refusals: ByteProxy.Trap
  private let state = Mutex(State())

  init(
    number: Int, instance: String, daemon: Daemon, database: ByteProxy, broker: ByteProxy, clock: SteppedClock?
  ) {
    self.number = number
    self.instance = instance
    self.daemon = daemon
    self.database = database
    self.broker = broker
    self.clock = clock
    refusals = database.on(.toClient, containing: Self.refusal, .afterForwarding, times: .max, do: .run {})
  }

  var description: String { "daemon \(number) [\(daemon.process.pid)]" }
  /// How `progress.owner` ends for its partitions.
  var ownerEnding: String { "/\(daemon.process.pid)" }
  var isPaused: Bool { state.withLock { $0.isPaused } }
  var isLeaving: Bool { state.withLock { $0.isLeaving } }
  /// Runs, and is to go on running.
  var isServing: Bool { state.withLock { !$0.isPaused && !$0.isLeaving } && daemon.process.isRunning }

  /// Whether it has come so far that a signal is dealt with.
  var hasStarted: Bool { daemon.process.lines.contains { $0.text.contains("\"msg\":\"starting\"") } }

  /// Whether it ended because a service was not there when it started.
  var foundServiceMissing: Bool {
    daemon.process.end == .exited(69)
      && !daemon.process.lines.contains { $0.text.contains("\"msg\":\"partitions assigned\"") }
  }

  /// True for the one who was first to say so.
  func leave() -> Bool {
    state.withLock { state in
      defer { state.isLeaving = true }
      return !state.isLeaving
    }
  }

  func pause() {
    state.withLock { $0.isPaused = true }
    daemon.pause()
  }

  func goOn() {
    daemon.goOn()
    state.withLock { $0.isPaused = false }
  }

  /// Whatever was done to its ways is undone.
  func heal() {
    for proxy in [database, broker] {
      proxy.delay(perChunk: .zero)
      proxy.release()
      try? proxy.acceptNew()
    }
    if isPaused { goOn() }
  }

  func closeWays() {
    database.close()
    broker.close()
  }

  // What it says

  /// Counters die with the process, so they are looked at often.
  func scrape() {
    guard !isPaused, daemon.process.isRunning, let text = try? daemon.get("/metrics", within: .milliseconds(700)).body
    else { return }
    var seen = Counts()
    for line in text.split(separator: "\n") {
      guard let value = line.split(separator: " ").last.flatMap({ Int($0) }) else { continue }
      guard line.hasPrefix("meterd_flush_doubts_resolved_total{") else { continue }
      if line.contains("\"committed\"") { seen.committed = value }
      if line.contains("\"absent\"") { seen.absent = value }
      if line.contains("\"refused\"") { seen.refused = value }
    }
    state.withLock { $0.scraped = seen }
  }

  /// Of doubts the larger of what its counters and its log told: the one misses what came after the last look, the other what was
  /// held back.
  var counts: Counts {
    let scraped = state.withLock { $0.scraped }
    let lines = daemon.process.lines.map(\.text)
    func logged(_ message: String) -> Int {
      lines.filter { $0.contains("\"msg\":\"\(message)") }.reduce(0) { sum, line in
        let held = line.firstMatch(of: /"suppressed":(\d+)/).flatMap { Int($0.1) } ?? 0
        return sum + held + (line.contains("\"log\":") ? 1 : 0)
      }
    }
    return Counts(
      fences: refusals.hits,
      committed: max(scraped.committed, logged("a flush in doubt was committed")),
      absent: max(scraped.absent, logged("a flush in doubt was not committed")), refused: scraped.refused)
  }
}
