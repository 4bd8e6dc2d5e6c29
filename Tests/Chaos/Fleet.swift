import Foundation
import Synchronization
import TestDice
import TestStack

/// The daemons of a round: one group, each with a way of its own to everything.
final class Fleet: Sendable {
  private struct State {
    var members: [Member] = []
    var restarts = 0
    var failures: [String] = []
    var isOver = false
  }

  /// Short enough that a takeover takes seconds. The laboratory's broker waits a second less than this for members to come back, where
  /// Kafka waits for `max.poll.interval.ms`: a final flush that takes longer brings about the next rebalance, and so on.
  static let sessionMs = 6_000
  private static let linesKept = 200
  private static let gapMax: Duration = .seconds(8)

  private let stack: Stack
  private let cluster: PostgresCluster
  private let plan: RoundPlan
  private let chronicle: Chronicle
  let group: String
  private let state = Mutex(State())

  init(_ stack: Stack, _ cluster: PostgresCluster, _ plan: RoundPlan, _ chronicle: Chronicle) {
    self.stack = stack
    self.cluster = cluster
    self.plan = plan
    self.chronicle = chronicle
    group = "chaos-\(plan.seed)-\(plan.round)"
  }

  var members: [Member] { state.withLock { $0.members } }
  var serving: [Member] { members.filter(\.isServing) }
  var failures: [String] { state.withLock { $0.failures } }
  var isOver: Bool { state.withLock { $0.isOver } }
  var restarts: Int { state.withLock { $0.restarts } }

  func fail(_ what: String) {
    chronicle.note("FAILURE \(what)")
    state.withLock { $0.failures.append(what) }
  }

  /// Starts one and does not wait for it. With the name of an instance it takes the place of one that ended.
  @discardableResult
  func start(instance: String? = nil) throws -> Member {
    let number = state.withLock { $0.members.count + 1 }
    let database = try ByteProxy(to: "127.0.0.1:\(cluster.port)")
    let broker = try Self.way(to: stack.brokers)
    let clock = SteppedClock.preload == nil ? nil : try SteppedClock(in: stack.folder, number: number)
    let instance = instance ?? (number % 2 == 0 ? "" : "member-\(number)")
    let name = stack.databaseURL.split(separator: "/").last.map(String.init) ?? ""
    var settings = ChaosCatalog.settings.merging(plan.settings) { $1 }
    settings["postgres.url"] =
      "postgresql://postgres@\(database.address)/\(name)?sslmode=disable&gssencmode=disable"
    settings["kafka.brokers"] = broker.address
    settings["kafka.group"] = group
    settings["kafka.instance_id"] = instance
    settings["kafka.properties.session.timeout.ms"] = "\"\(Self.sessionMs)\""
    settings["kafka.properties.heartbeat.interval.ms"] = "\"300\""
    settings["kafka.properties.reconnect.backoff.max.ms"] = "\"500\""
    let environment = SteppedClock.preload.flatMap { clock?.environment($0) } ?? [:]
    let daemon = try stack.startDaemon(settings, environment: environment)
    let member = Member(
      number: number, instance: instance, daemon: daemon, database: database, broker: broker, clock: clock)
    state.withLock { $0.members.append(member) }
    chronicle.note("\(member) starts\(instance.isEmpty ? "" : " as \(instance)")")
    return member
  }

  /// The broker tells its clients where it is, so what it tells has to be another address of the same length.
  private static func way(to brokers: String) throws -> ByteProxy {
    let proxy = try ByteProxy(to: brokers, holdback: .milliseconds(5))
    guard let port = brokers.split(separator: ":").last.flatMap({ Int32($0) }) else {
      throw StackFailure(at: "fleet", "'\(brokers)' is not HOST:PORT")
    }
    func told(_ port: Int32) -> [UInt8] {
      Array("127.0.0.1".utf8) + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: port >> $0) }
    }
    // While it holds back the answer to a member that joins, it reads nothing of that connection and so does not see its end; the
    // member that comes again on another one then ends it, by an assertion.
    proxy.resetWhenClientsEnd()
    proxy.on(.toClient, containing: told(port), times: .max, do: .replace(told(Int32(proxy.port))))
    return proxy
  }

  /// Looks after them until the round is over: reads their counters, and starts another for one that could not start.
  func watch() {
    var last = ContinuousClock.now
    while !isOver {
      let gap = last.duration(to: .now)
      // Whoever shares the machine may stop all that is not urgent, and wake with it whom a fault had stopped.
      if gap > Self.gapMax { chronicle.note("the stand itself stood still for \(gap)") }
      last = .now
      if !stack.broker.isRunning { return fail("the stand itself: the broker ended: \(stack.broker.dump())") }
      for member in members {
        member.scrape()
        if member.daemon.process.end != nil, member.leave() { mourn(member) }
      }
      rest(400)
    }
  }

  /// A daemon that finds no service at its start says so and ends; whoever runs it starts it again.
  private func mourn(_ member: Member) {
    guard member.foundServiceMissing else {
      return fail("\(member) ended by itself: \(member.daemon.process.dump(last: Self.linesKept))")
    }
    chronicle.note("\(member) found a service missing at its start")
    state.withLock { $0.restarts += 1 }
    rest(500)
    if isOver { return }
    do { try start(instance: member.instance) } catch { fail("no other daemon could be started: \(error)") }
  }

  /// Undoes what was done to the ways of all, and makes sure that somebody is there to count.
  func heal() throws {
    for member in members { member.heal() }
    if serving.isEmpty { try start() }
  }

  /// Asks all of them to end, and says what was wrong with how they did.
  func end() {
    state.withLock { $0.isOver = true }
    let leaving = members.filter { $0.leave() }
    for member in leaving { member.scrape() }
    for member in leaving { member.daemon.process.send(SIGTERM) }
    for member in leaving { awaitEnd(of: member) }
    for member in members { member.closeWays() }
  }

  /// A final flush has twenty seconds, and leaving the group ten more.
  func awaitEnd(of member: Member) {
    do {
      let end = try member.daemon.process.waitForExit(within: .seconds(90))
      // It may have ended before it could be asked.
      if end != .exited(0), !member.foundServiceMissing {
        fail("\(member) was asked to end and \(member.daemon.process.dump(last: Self.linesKept))")
      }
    } catch {
      fail("\(member) does not end: \(error)")
      _ = try? member.daemon.kill9()
    }
  }

  /// Who said what, of all daemons that ever were.
  var counts: Member.Counts {
    members.map(\.counts).reduce(into: Member.Counts()) { sum, one in
      sum.fences += one.fences
      sum.committed += one.committed
      sum.absent += one.absent
      sum.refused += one.refused
    }
  }
}
