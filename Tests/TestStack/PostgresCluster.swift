import CLibpq
import Foundation
import Synchronization

/// A private PostgreSQL server: its own data, a loopback port that it keeps over restarts, and a socket in its folder.
///
/// Most tests take a database of the `shared` one, which runs as long as the test process. A test that stops, kills or
/// locks out a server makes its own.
public final class PostgresCluster: Sendable {
  public enum StopMode: Sendable {
    /// Waits for sessions to end by themselves.
    case smart
    /// Ends sessions and writes a checkpoint.
    case fast
    /// Ends at once; the next start recovers.
    case immediate

    var signal: Int32 {
      switch self {
      case .smart: SIGTERM
      case .fast: SIGINT
      case .immediate: SIGQUIT
      }
    }
  }

  /// The running server that all tests of this process share, started at first use.
  public static var shared: PostgresCluster {
    get throws(StackFailure) { try sharedOutcome.get() }
  }

  private static let sharedOutcome: Result<PostgresCluster, StackFailure> = Result { () throws(StackFailure) in
    let cluster = try PostgresCluster("shared")
    try cluster.start()
    return cluster
  }

  /// Holds `data`, and the sockets.
  public let folder: String
  private let settings: [String: String]
  private let names = Atomic<Int>(0)
  private let state: Mutex<State>

  private struct State: Sendable {
    var port: Int
    var server: ChildProcess?
    var hasStarted = false
    /// What servers before the present one wrote; bounded by `earlierLinesMax`.
    var earlier: [OutputLine] = []
  }

  private static let earlierLinesMax = 2000

  /// Makes the cluster and does not start it. A durable one calls fsync as in production; any other survives the death
  /// of its processes just as well, but not of the machine.
  public convenience init(
    _ label: String = "cluster", durable: Bool = false, settings: [String: String] = [:]
  ) throws(StackFailure) {
    try self.init(label, durable: durable, settings: settings) { (data) throws(StackFailure) in
      try PostgresBinaries.run("cp", ["-a", try PostgresBinaries.template.get(), data])
    }
  }

  /// `fill` makes the folder that it is given, which the cluster's data is to be in.
  init(
    _ label: String, durable: Bool, settings: [String: String], fill: (String) throws(StackFailure) -> Void
  ) throws(StackFailure) {
    folder = try TestRun.current.path(for: label)
    guard unsafe mkdir(folder, 0o755) == 0 else {
      throw StackFailure(at: "postgres", "cannot make '\(folder)' (\(lastError()))")
    }
    try PostgresBinaries.give(folder)
    try fill("\(folder)/data")
    // synchronous_commit stays on: without it a killed server forgets commits that it has acknowledged.
    var chosen = [
      "fsync": durable ? "on" : "off", "full_page_writes": durable ? "on" : "off", "shared_buffers": "64MB",
      "max_connections": "200", "listen_addresses": "127.0.0.1", "unix_socket_directories": folder,
      "log_checkpoints": "off", "log_line_prefix": "%m [%p] %d ", "max_wal_size": "1GB",
    ]
    chosen.merge(settings) { $1 }
    self.settings = chosen
    state = Mutex(State(port: try FreePort.take()))
  }

  public var port: Int { state.withLock { $0.port } }
  public var isRunning: Bool { state.withLock { $0.server?.isRunning ?? false } }
  /// The postmaster, to stop and continue it; nil when there is none.
  public var server: ChildProcess? { state.withLock { $0.server } }

  public func url(_ database: String = "postgres") -> String { "postgresql://postgres@127.0.0.1:\(port)/\(database)" }

  /// The same through the socket in `folder`.
  public func socketURL(_ database: String = "postgres") -> String {
    let host = folder.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? folder
    return "postgresql://postgres@\(host):\(port)/\(database)"
  }

  /// What the servers of this cluster wrote, oldest first.
  public var log: [OutputLine] {
    state.withLock { $0.earlier + ($0.server?.lines ?? []) }
  }

  // Life

  /// Returns when connections are accepted. Does nothing when it runs.
  public func start(within limit: Duration = .patience) throws(StackFailure) {
    if isRunning { return }
    let program = "\(try PostgresBinaries.folder.get())/postgres"
    let deadline = Deadline(within: limit)
    while true {
      var arguments = ["-D", "\(folder)/data", "-p", "\(port)"]
      for (key, value) in settings.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(key)=\(value)"] }
      // SIGQUIT lets the postmaster end its sessions and give its shared memory back before it ends.
      let server = try ChildProcess(
        program, arguments, named: "postgres", as: PostgresBinaries.user, deathSignal: "QUIT")
      state.withLock { state in
        state.earlier = Array((state.earlier + (state.server?.lines ?? [])).suffix(Self.earlierLinesMax))
        state.server = server
      }
      if try answers(server, by: deadline) {
        state.withLock { $0.hasStarted = true }
        return
      }
      let taken = server.lines.contains { $0.text.contains("Address already in use") }
      guard taken, !deadline.hasPassed else { throw server.failure("did not start") }
      // Once it has been told to somebody the port may not change; whoever has it for now may give it back.
      let next = try FreePort.take()
      state.withLock { if !$0.hasStarted { $0.port = next } }
      deadline.rest(.milliseconds(50))
    }
  }

  private func answers(_ server: ChildProcess, by deadline: Deadline) throws(StackFailure) -> Bool {
    while true {
      if unsafe PQping("\(url())?connect_timeout=2") == PQPING_OK, server.isRunning { return true }
      if let _ = server.end {
        try server.waitForExit()
        return false
      }
      if deadline.hasPassed { throw server.failure("does not accept connections (\(deadline.allowed.spoken))") }
      deadline.rest(.milliseconds(5))
    }
  }

  /// Returns when the server has ended.
  public func stop(_ mode: StopMode = .fast, within limit: Duration = .patience) throws(StackFailure) {
    guard let server else { return }
    server.send(mode.signal)
    try server.waitForExit(within: limit)
  }

  public func restart(_ mode: StopMode = .fast) throws(StackFailure) {
    try stop(mode)
    try start()
  }

  /// Kills the postmaster and every session at once, as when the machine loses its power, and returns when all are
  /// gone.
  ///
  /// The postmaster is stopped first, so that no session begins between being listed and being killed.
  public func kill9() throws(StackFailure) {
    guard let server, server.isRunning else { return }
    server.send(SIGSTOP)
    let sessions = self.sessions
    for session in sessions { kill(session, SIGKILL) }
    try server.kill9()
    try eventually("the end of every session") { !sessions.contains { Self.isAlive($0) } }
  }

  /// The processes of the postmaster: sessions and the server's own workers.
  public var sessions: [pid_t] {
    guard let pid = server?.pid else { return [] }
    let children = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
    return (children ?? "").split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
  }

  /// A zombie whose parent does not look after it has let go of everything, and counts as gone.
  private static func isAlive(_ pid: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return false }
    return !text[name...].dropFirst(2).hasPrefix("Z")
  }

  /// Ends the server and removes its folder, for tests that make many.
  public func remove() throws(StackFailure) {
    try stop(.immediate)
    if !TestRun.isKept { try? FileManager.default.removeItem(atPath: folder) }
  }

  // Databases

  /// A new, empty database for one test, in about 50 ms; returns its URL. The name gets a number, so that a test with
  /// several arguments may use one name.
  public func createDatabase(_ name: String = "test") throws(StackFailure) -> String {
    let plain = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }.prefix(40)
    let unique = "\(String(plain))_\(names.add(1, ordering: .relaxed).newValue)"
    let admin = try Database(url())
    defer { admin.close() }
    try admin.execute("CREATE DATABASE \"\(unique)\"")
    return url(unique)
  }

  /// Ends its sessions and drops it. Nobody needs to: all goes with the folder.
  public func dropDatabase(_ url: String) throws(StackFailure) {
    let name = url.split(separator: "/").last.map(String.init) ?? url
    let admin = try Database(self.url())
    defer { admin.close() }
    try admin.execute("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
  }
}
