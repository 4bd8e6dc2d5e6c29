import Dispatch
import Glibc
import HTTPEdge
import KafkaEdge
import MeterConfig
import MeterCore
import MeterModel
import MeterTelemetry
import PostgresEdge
import Synchronization

/// The running daemon: every room wired to the next, built first and started after.
///
/// The order is the one in which data could arrive: HTTP, lanes, the watch, and Kafka last. It stops in reverse: Kafka first, which
/// drains the lanes, then the rest.
public final class Daemon: Sendable {
  /// A final flush has twenty seconds; leaving the group needs a few more.
  private static let closeSeconds = 30

  private let settings: Settings
  private let log: Log
  private let consumer: Consumer
  private let server: HTTPServer
  private let watch: Watch
  private let sweep: ChangeSweep
  private let periods: PeriodUpkeep
  private let teller: LimitTeller
  private let reviews: LimitUpkeep
  private let listener: Listener
  private let assignment: Assignment
  private let switchboard: Switchboard

  /// Migrates, connects and builds. Nothing is read yet.
  public init(_ settings: Settings, log: Log) throws(Complaint) {
    self.settings = settings
    self.log = log
    let target = settings.postgres.url.exposed
    let warnings = try ServerInspection.run(target).warnings
    let schema = try Schema.prepare(target, migrates: settings.postgres.migrate)
    if schema.from != schema.to {
      log.info("schema migrated", ["from": .int(schema.from), "to": .int(schema.to)])
    }
    if schema.to > Schema.version {
      log.info("the schema is one step ahead", ["schema": .int(schema.to), "own": .int(Schema.version)])
    }
    if let advice = schema.advice { log.warn("roles are missing", ["detail": .string(advice.description)]) }
    let catalog = Catalog(target: target)
    let installation = try catalog.installation(window: settings.rollup.window)

    let metrics = Metrics()
    let board = Board()
    let spare = BatchPool()
    let consumer = try Consumer(KafkaSettings(settings), spare: spare, log: log)
    if let error = consumer.probe(timeoutMs: 10_000) {
      throw Complaint(
        .unavailable, at: "kafka: \(settings.kafka.brokers)", "no broker answers (\(error.words))",
        remedy: "start it, or correct kafka.brokers")
    }
    let gauges = DaemonMetrics(metrics, board: board, memoryBudget: Int64(settings.memory.budget.bytes)) {
      [weak consumer] log in
      consumer?.knownEnd(log)
    }
    let rules = RulesBoard(meters: try catalog.meters(), seed: installation.seed)
    // Before anything is asked about a tenant.
    let catalogVersion = try catalog.version()
    let owner = Self.owner()
    let pool = Pool(target: target, connections: settings.postgres.connections, name: SessionName.fresh(of: owner))
    let around = Lane.Surroundings(
      ledger: Ledger(
        pool: pool, owner: owner, uniqueMax: settings.unique.exactMax, dedupeWindow: settings.dedupe.window),
      rules: rules,
      tallyRules: Tally.Rules(settings),
      // Another quarter of the budget is for sums in memory, shared by the lanes.
      residentMax: Int(settings.memory.budget.bytes) / 4 / Tally.bytesOfSeries / settings.laneCount,
      eventBytesMax: Int(settings.events.maxSize.bytes), catalogVersion: catalogVersion, board: board, gauges: gauges,
      log: log, spare: spare, retries: RetryPace())
    let topic = settings.kafka.limitTopic
    if !topic.isEmpty { try LimitEvents.open(topic, target) }
    // A look, the log and the topic each have a connection of their own.
    let limitPool = Pool(target: target, connections: 3, name: "meterd limits")
    let teller = LimitTeller(
      settings, pool: limitPool, newest: try LimitEvents.newest(target),
      producer: topic.isEmpty ? nil : try TopicProducer(KafkaSettings(settings), topic: topic), metrics: metrics,
      log: log)
    let reviews = LimitUpkeep(pool: limitPool, gauges: gauges, log: log) { teller.wake() }
    let switchboard = Switchboard()
    let asking = DispatchQueue(label: "meterd.kafka.ask", attributes: .concurrent)
    let outlet = Lane.Outlet(
      askLog: { partition, answer in
        asking.async {
          switch consumer.watermarks(partition, timeoutMs: 5_000) {
          case .success(let (low, high)): answer(.logged(low: low, high: high))
          case .failure: answer(.failed)
          }
        }
      },
      ready: { switchboard.assignment?.ready($0, stay: $1, from: $2) },
      released: { switchboard.assignment?.released($0, stay: $1) },
      giveCredit: { consumer.giveCredit($0, stay: $1) },
      committed: { consumer.advise($0, $1) }, hasten: { switchboard.assignment?.hasten() }, told: { teller.wake() },
      review: { reviews.wake() })
    let count = settings.laneCount
    let lanes = (0..<count).map { Lane(number: $0, around: around, outlet: outlet) }
    for lane in lanes { lane.watchIdle() }
    // A quarter of the budget is for counts that wait for PostgreSQL.
    let assignment = Assignment(
      lanes: lanes, consumer: consumer, gauges: gauges, log: log,
      bounds: PartitionRound.Bounds(
        flushInterval: settings.flush.interval, flushRows: settings.flush.maxRows,
        pendingBytes: Int(settings.memory.budget.bytes) / 4), expulsion: { switchboard.end($0) })
    switchboard.connect(assignment)

    let readiness = Readiness(board: board, consumer: consumer)
    server = try Self.server(settings, readiness, metrics, log)
    // Its own connection: a question about the catalog must not wait behind a flush.
    let pulse = Pool(target: target, connections: 1, name: "meterd watch")
    watch = Watch(
      catalogVersion: catalogVersion, pool: pulse, consumer: consumer, rules: rules, board: board,
      assignment: assignment, log: log)
    let upkeep = Pool(target: target, connections: 1, name: "meterd upkeep")
    sweep = ChangeSweep(pool: upkeep)
    periods = PeriodUpkeep(
      Periods.Bounds(window: settings.rollup.window, past: settings.time.maxPast), pool: upkeep, log: log)
    listener = Listener(target: target, name: "meterd listen", channels: ["meterd_catalog", "meterd_limits"]) {
      [watch] channel in
      guard channel == "meterd_catalog" else { return teller.wake() }
      watch.hearOfCatalog()
      reviews.mark()
    }
    self.teller = teller
    self.reviews = reviews
    self.consumer = consumer
    self.assignment = assignment
    self.switchboard = switchboard
    for warning in warnings { log.warn("postgres could be run more safely", ["detail": .string(warning)]) }
    log.info(
      "starting",
      [
        "owner": .string(owner), "lanes": .int(count), "meters": .int(rules.current.meters.count),
        "librdkafka": .string(KafkaLibrary.version), "partitions": .string(KafkaLibrary.assignment),
        "libpq": .int(PostgresLibrary.version),
      ])
  }

  /// `ended` is called, once, when this process can do its work no more.
  public func start(ended: @escaping @Sendable (Complaint) -> Void) throws(Complaint) {
    switchboard.onEnd(ended)
    try server.start()
    watch.start()
    sweep.start()
    periods.start()
    teller.start()
    reviews.start()
    listener.start()
    try consumer.join(assignment)
  }

  /// Takes over what can change live; says what cannot.
  public func reload(_ next: Settings) {
    let changes = settings.changes(to: next)
    for change in changes {
      log.info(
        change.needsRestart ? "a changed setting needs a restart" : "a setting changed",
        ["setting": .string(change.path), "before": .string(change.before), "after": .string(change.after)])
    }
    log.level = LogLevel(next.log.level)
    assignment.rebound(interval: next.flush.interval, rows: next.flush.maxRows)
    teller.reopen()
  }

  /// Stops reading, counts what is held, commits, leaves the group.
  public func stop() {
    log.info("stopping")
    if !consumer.close(within: Self.closeSeconds) { log.warn("the group was not left in time") }
    listener.stop()
    server.stop()
    log.info("stopped")
    log.drain()
  }

  private static func server(
    _ settings: Settings, _ readiness: Readiness, _ metrics: Metrics, _ log: Log
  ) throws(Complaint) -> HTTPServer {
    let http = settings.http
    let tls = http.tlsCertificatePath.isEmpty ? nil : TLSFiles(cert: http.tlsCertificatePath, key: http.tlsKeyPath)
    // Keys are not in this build yet: whoever shows one is unknown.
    let auth: HTTPAuth =
      http.authentication == .none ? .none : .keys { _, scope in scope == .open ? .granted : .unknown }
    return HTTPServer(
      address: HTTPAddress(host: http.listen.host, port: http.listen.port), tls: tls, auth: auth,
      routes: HealthRoutes.make(health: { readiness.answer() }, metrics: metrics), log: log, metrics: metrics)
  }

  /// Who we are in `progress.owner`: host and process.
  private static func owner() -> String {
    var name = [CChar](repeating: 0, count: 256)
    let result = unsafe gethostname(&name, name.count - 1)
    let host =
      result == 0 ? String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
    return "\(host)/\(getpid())"
  }
}

/// Lanes are built before the assignment they answer to, and the assignment before whoever waits for the end; this is where they are
/// found.
private final class Switchboard: Sendable {
  private let target = Mutex<Assignment?>(nil)
  private let ended = Mutex<(@Sendable (Complaint) -> Void)?>(nil)

  func connect(_ assignment: Assignment) { target.withLock { $0 = assignment } }
  var assignment: Assignment? { target.withLock { $0 } }

  func onEnd(_ call: @escaping @Sendable (Complaint) -> Void) { ended.withLock { $0 = call } }

  func end(_ complaint: Complaint) {
    let call = ended.withLock { ended in
      defer { ended = nil }
      return ended
    }
    call?(complaint)
  }
}
