import CLibpq
import Foundation

/// A private PgBouncer on loopback before a cluster: a real pooler, with no service of the machine involved.
public final class Pooler: Sendable {
  public enum Mode: String, Sendable, CaseIterable {
    case session, transaction, statement
  }

  public let port: Int
  private let process: ChildProcess
  private let folder: TemporaryFolder

  /// `sessions` is how many of the server's there are at most for a database. `isRoundRobin` hands out the one that was not used
  /// for longest, otherwise the one that was used last.
  public init(
    to cluster: PostgresCluster, mode: Mode, sessions: Int = 20, isRoundRobin: Bool = false
  ) throws(StackFailure) {
    folder = try TemporaryFolder("pooler")
    port = try FreePort.take()
    let file = try folder.write(
      """
      [databases]
      * = host=127.0.0.1 port=\(cluster.port) user=postgres
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = \(port)
      unix_socket_dir =
      auth_type = any
      pool_mode = \(mode.rawValue)
      default_pool_size = \(sessions)
      server_round_robin = \(isRoundRobin ? 1 : 0)
      max_client_conn = 200
      logfile =

      """, to: "pgbouncer.ini")
    // It refuses to run as root, as PostgreSQL does.
    process = try ChildProcess("pgbouncer", [file], named: "pgbouncer", as: PostgresBinaries.user)
    let deadline = Deadline(within: .patience)
    while unsafe PQping("\(url())?connect_timeout=2") != PQPING_OK {
      guard process.isRunning, !deadline.hasPassed else { throw process.failure("does not accept connections") }
      deadline.rest(.milliseconds(20))
    }
  }

  public func url(_ database: String = "postgres") -> String { "postgresql://postgres@127.0.0.1:\(port)/\(database)" }

  /// The same database as `url` names, through the pooler.
  public func url(before url: String) -> String {
    self.url(url.split(separator: "/").last.map(String.init) ?? "postgres")
  }

  public func stop() {
    _ = try? process.kill9()
    folder.remove()
  }
}
