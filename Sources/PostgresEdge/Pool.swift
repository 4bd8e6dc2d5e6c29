import Dispatch
import Synchronization

/// A fixed number of connections, each with a queue of its own: calls block their queue and nobody else.
///
/// Work that names the same lane always meets the same connection, so that what is asked for one partition stays in order. A
/// connection is opened when it is first needed and again after it broke.
public final class Pool: Sendable {
  private let workers: [Worker]
  let target: String
  let name: String

  public init(target: String, connections: Int, name: String) {
    self.target = target
    self.name = name
    workers = (0..<connections).map { Worker(target: target, name: name, number: $0) }
  }

  func submit<Answer: Sendable>(
    lane: Int, _ work: @escaping @Sendable (borrowing Connection) throws(PostgresError) -> Answer,
    then: @escaping @Sendable (Result<Answer, PostgresError>) -> Void
  ) {
    let worker = workers[lane % workers.count]
    worker.queue.async { then(worker.run(work)) }
  }
}

/// One connection and the queue that owns it.
private final class Worker: Sendable {
  private struct State: ~Copyable {
    var connection: Connection?
  }

  let queue: DispatchQueue
  private let target: String
  private let name: String
  private let state = Mutex(State(connection: nil))

  init(target: String, name: String, number: Int) {
    self.target = target
    self.name = name
    queue = DispatchQueue(label: "meterd.postgres.\(number)")
  }

  func run<Answer: Sendable>(
    _ work: (borrowing Connection) throws(PostgresError) -> Answer
  ) -> Result<Answer, PostgresError> {
    state.withLock { state in
      do throws(PostgresError) {
        if state.connection == nil { state.connection = try Session.open(target, name: name) }
        return .success(try work(state.connection!))
      } catch {
        // A refused statement leaves the connection sound; a lost one is not used again, nor one to a server that takes no writes any
        // more: another host of the URL may.
        if case .lost = error { state.connection = nil }
        if error.isReadOnly { state.connection = nil }
        return .failure(error)
      }
    }
  }
}

/// A connection set up the way all of ours are.
enum Session {
  static func open(_ target: String, name: String) throws(PostgresError) -> Connection {
    var connection = try Connection(target, name: name)
    // A server that is told to give up soon after we do: an abandoned statement must not hold locks for long. What is acknowledged is
    // on disk, whatever the role or the database is set to; whoever asks for less than standbys or for more keeps what was asked for.
    let rows = try connection.execute(
      """
      select pg_backend_pid(), set_config('TimeZone', 'UTC', false), set_config('statement_timeout', '60s', false),
        set_config('idle_in_transaction_session_timeout', '60s', false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('synchronous_commit',
          case s.value when 'off' then 'on' else s.value end, false),
        set_config('search_path', 'pg_catalog', false),
        -- Compiling would take longer than any of our statements.
        set_config('jit', 'off', false)
      from (select current_setting('synchronous_commit') as value) as s
      """)
    connection.backend = Int32(truncatingIfNeeded: rows.integer(0, 0) ?? 0)
    return connection
  }
}

/// What a daemon's counting sessions are called at the server. The token tells two processes apart that have the same owner, as a
/// container has that was started anew; `meterd.end_blockers` knows daemons by this form, and nothing else may have it.
public enum SessionName {
  /// One for each process.
  public static func fresh(of owner: String) -> String {
    let token = String(UInt32.random(in: .min ... .max), radix: 16)
    // The server keeps 63 bytes.
    return String("meterd \(String(repeating: "0", count: 8 - token.count))\(token) \(owner)".prefix(63))
  }
}
