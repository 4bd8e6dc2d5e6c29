import Dispatch
import KafkaEdge
import MeterModel
import MeterTelemetry
import PostgresEdge
import Synchronization

/// Asks once in a while what nobody else asks: whether Kafka and PostgreSQL answer, whether the catalog changed, whether an operator has
/// decided about a halt, and whether somebody wants quarantined events replayed.
///
/// The last two are to take effect within two seconds; a question a second keeps that and doubles as PostgreSQL's pulse.
final class Watch: Sendable {
  private static let catalogEvery = DispatchTimeInterval.milliseconds(1_000)
  private static let kafkaEvery = DispatchTimeInterval.milliseconds(1_500)
  private static let kafkaTimeoutMs: Int32 = 1_500
  private static let sweepEvery = DispatchTimeInterval.seconds(60)
  /// A question that is not answered for this long counts as a no.
  private static let patience: Int64 = 3_000_000_000

  private let pool: Pool
  private let consumer: Consumer
  private let rules: RulesBoard
  private let board: Board
  private let assignment: Assignment
  private let log: Log
  /// The catalog's version that lanes have heard of.
  private let version: Atomic<Int64>
  private let questions = Atomic<Int>(0)
  private let answers = Atomic<Int>(0)
  private let catalogQueue = DispatchQueue(label: "meterd.watch.catalog")
  private let kafkaQueue = DispatchQueue(label: "meterd.watch.kafka")

  /// `catalogVersion` is the one by which lanes know tenants when they begin.
  init(
    catalogVersion: Int64, pool: Pool, consumer: Consumer, rules: RulesBoard, board: Board, assignment: Assignment,
    log: Log
  ) {
    version = Atomic(catalogVersion)
    self.pool = pool
    self.consumer = consumer
    self.rules = rules
    self.board = board
    self.assignment = assignment
    self.log = log
  }

  func start() {
    askCatalog()
    askKafka()
    sweep()
  }

  /// Forgets identities that have passed. A failure costs nothing: the next turn finds more.
  private func sweep() {
    catalogQueue.asyncAfter(deadline: .now() + Self.sweepEvery) { [self] in
      IdentityRooms.sweep(on: pool) { [self] answer in
        if case .success(let rooms) = answer, rooms > 0 { log.debug("identities forgotten", ["rooms": .int(rooms)]) }
        sweep()
      }
    }
  }

  private func askCatalog() {
    let asked = Clock.monotonic()
    let number = questions.wrappingAdd(1, ordering: .relaxed).newValue
    // Says so while the answer is still out; the answer, when it comes, has the last word.
    catalogQueue.asyncAfter(deadline: .now() + .nanoseconds(Int(Self.patience))) { [self] in
      if answers.load(ordering: .relaxed) < number { note(.postgres, "does not answer") }
    }
    Catalog.meters(on: pool) { [self] answer in
      answers.store(number, ordering: .relaxed)
      catalogQueue.async { [self] in
        switch answer {
        case .success(let meters):
          note(.postgres, nil)
          take(meters)
        case .failure(let error):
          note(.postgres, error.words)
        }
      }
      askHalts()
      askReplays()
      askTenants()
      let spent = Clock.monotonic() - asked
      let rest = max(0, 1_000_000_000 - spent)
      catalogQueue.asyncAfter(deadline: .now() + .nanoseconds(Int(rest))) { [self] in askCatalog() }
    }
  }

  private func askHalts() {
    let halted = board.halted
    guard !halted.isEmpty else { return }
    PartitionProgress.lifted(among: halted.keys.sorted(), on: pool) { [assignment] answer in
      // A failure is told by the question about the catalog; the next second asks again.
      guard case .success(let lifted) = answer, !lifted.isEmpty else { return }
      assignment.renew(halted.filter { lifted.contains($0.key) })
    }
  }

  /// The catalog has changed: what it says is asked for at once.
  func hearOfCatalog() {
    Catalog.meters(on: pool) { [self] answer in
      catalogQueue.async { [self] in
        if case .success(let meters) = answer { take(meters) }
      }
    }
    askTenants()
  }

  /// Accounts that were fetched meanwhile have not seen what was counted by other rules.
  private func take(_ meters: [Meter]) {
    guard rules.replace(meters) else { return }
    log.info("catalog changed", ["meters": .int(meters.count)])
    assignment.forgetTenants()
  }

  private func askTenants() {
    TenantChanges.ask(behind: version.load(ordering: .relaxed), on: pool) { [self] answer in
      // A failure is told by the question about the catalog; the next second asks again.
      guard case .success(let changes) = answer, version.load(ordering: .relaxed) < changes.version else { return }
      version.store(changes.version, ordering: .relaxed)
      assignment.hear(changes)
    }
  }

  private func askReplays() {
    Ledger.wanted(on: pool) { [assignment] answer in
      // A failure is told by the question about the catalog; the next second asks again.
      if case .success(let wanted) = answer, !wanted.isEmpty { assignment.replay(wanted) }
    }
  }

  private func askKafka() {
    kafkaQueue.async { [self] in
      if let error = consumer.probe(timeoutMs: Self.kafkaTimeoutMs) {
        note(.kafka, "\(error.name) \(error.words)")
      } else {
        note(.kafka, nil)
      }
      kafkaQueue.asyncAfter(deadline: .now() + Self.kafkaEvery) { [self] in askKafka() }
    }
  }

  private func note(_ service: Board.Service, _ words: String?) {
    guard board.note(service, words, now: Clock.monotonic()) else { return }
    let name = service == .kafka ? "kafka" : "postgres"
    if let words {
      log.warn("a service does not answer", ["service": .string(name), "detail": .string(words)])
    } else {
      log.info("a service answers again", ["service": .string(name)])
    }
  }
}
