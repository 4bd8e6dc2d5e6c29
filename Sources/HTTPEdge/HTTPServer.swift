import MeterModel
import MeterTelemetry
import Synchronization

/// The daemon's HTTP side: bounded in every direction, and run by one thread of libmicrohttpd's.
///
/// Built is not running: `start` binds, `stop` lets answers finish and gives the port back. Handlers run on the
/// server's thread and share it, so they answer from memory. A server that was stopped is not started again.
public final class HTTPServer: Sendable {
  private enum State {
    case built
    case running(HTTPDaemon, port: UInt16)
    case stopped
  }

  /// How often late connections are looked for.
  private static let sweepMs = 250

  private let address: HTTPAddress
  private let tls: TLSFiles?
  private let auth: HTTPAuth
  private let bounds: HTTPBounds
  private let log: Log
  private let daemon: HTTPDaemon
  private let late: Counter
  private let state = Mutex(State.built)
  private let isStopping = Atomic<Bool>(false)
  private let hasStopped = Atomic<Bool>(false)

  public init(
    address: HTTPAddress, tls: TLSFiles? = nil, auth: HTTPAuth, routes: [Route], bounds: HTTPBounds = HTTPBounds(),
    log: Log, metrics: Metrics
  ) {
    self.address = address
    self.tls = tls
    self.auth = auth
    self.bounds = bounds
    self.log = log
    let dispatcher = HTTPDispatcher(routes: routes, auth: auth, bounds: bounds, metrics: metrics)
    let daemon = HTTPDaemon(dispatcher: dispatcher, bounds: bounds, log: log)
    self.daemon = daemon
    late = metrics.counter(
      "meterd_http_connections_late_total", help: "Connections ended because they finished no request in time.")
    // The route of the metrics holds the metrics, so these must not hold the routes.
    let deadlines = daemon.deadlines
    metrics.gauge("meterd_http_connections", help: "Open connections.") { Int64(deadlines.count) }
    metrics.gauge("meterd_http_body_bytes", help: "Bytes of request bodies held.") { [weak dispatcher] in
      Int64(dispatcher?.bodyBytesHeld ?? 0)
    }
  }

  /// The port that was bound; nil unless running.
  public var port: UInt16? {
    state.withLock { if case .running(_, let port) = $0 { port } else { nil } }
  }

  public func start() throws(Complaint) {
    try state.withLock { (state) throws(Complaint) in
      guard case .built = state else { preconditionFailure("a server is started once") }
      let certificate = try tls?.read()
      let socket = try ListenSocket.open(address)
      if case .none = auth, !socket.isLoopback {
        socket.close()
        throw Complaint(
          .configuration, at: "http.auth", "'none' would open \(address) to everybody who reaches it",
          remedy: "set http.auth to keys, or http.listen to a loopback address")
      }
      guard daemon.start(on: socket.descriptor, tls: certificate) else { throw refusal() }
      state = .running(daemon, port: socket.port)
    }
    watch()
    log.info(
      "http server started", ["listen": .string("\(address)"), "port": .int(port ?? 0), "tls": .bool(tls != nil)])
  }

  /// Takes no new connections, lets answers finish for a while, then ends what is left. Comes back within
  /// `HTTPBounds.stopMs`, even if a handler never does.
  public func stop() {
    let running = state.withLock { state in
      defer { state = .stopped }
      return if case .running(let daemon, _) = state { daemon } else { nil as HTTPDaemon? }
    }
    guard let running else { return }
    let began = MonotonicClock.now()
    isStopping.store(true, ordering: .relaxed)
    running.quiesce()
    while running.dispatcher.openCount > 0, elapsedMs(since: began) < bounds.drainMs {
      MonotonicClock.sleep(milliseconds: 5)
    }
    let isEnding = BackgroundThread.start { [self] in
      running.stop()
      hasStopped.store(true, ordering: .releasing)
    }
    while isEnding, !hasStopped.load(ordering: .acquiring), elapsedMs(since: began) < bounds.stopMs {
      MonotonicClock.sleep(milliseconds: 2)
    }
    if hasStopped.load(ordering: .acquiring) {
      log.info("http server stopped")
    } else {
      // Its thread is inside a handler that does not return; what it uses stays in memory.
      log.error("http server did not stop in time", ["limit_ms": .int(bounds.stopMs)])
    }
  }

  private func elapsedMs(since began: Int64) -> Int64 { (MonotonicClock.now() - began) / 1_000_000 }

  private func watch() {
    let isWatching = BackgroundThread.start { [self] in
      while !isStopping.load(ordering: .relaxed) {
        let limit = Int64(bounds.requestSeconds) * 1_000_000_000
        late.add(daemon.deadlines.sweep(at: MonotonicClock.now(), limitNanoseconds: limit))
        MonotonicClock.sleep(milliseconds: Self.sweepMs)
      }
    }
    if !isWatching { log.warn("http connections have no deadline: no thread could be started") }
  }

  private func refusal() -> Complaint {
    let reason = daemon.lastComplaint
    guard let tls else {
      return Complaint(
        .unavailable, at: "http: \(address)", "the server did not start (\(reason))", remedy: "see the log before this")
    }
    return Complaint(
      .configuration, at: "http.tls_cert", "'\(tls.cert)' and '\(tls.key)' are not usable (\(reason))",
      remedy: "give a PEM certificate chain and the unencrypted key that belongs to it")
  }
}
