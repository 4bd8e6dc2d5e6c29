import MeterModel

/// What a server is like, looked at before anything is asked of it: whether it takes writes, keeps what it acknowledges, knows the SQL
/// that is spoken here, and lets a session be one.
public struct ServerInspection: Sendable {
  /// What the server says of itself.
  struct Facts: Sendable, Equatable {
    /// As 150004 for 15.4.
    var version: Int64
    var versionName: String
    var encoding: String
    var isStandby: Bool
    var isReadOnly: Bool
    /// Where `default_transaction_read_only` was set, as `pg_settings` calls it.
    var readOnlySource: String
    var synchronousCommit: String
    var synchronousSource: String
    var hasSynchronousStandbys: Bool
    var fsync: Bool
    var fullPageWrites: Bool
    /// Something stands in between and answers for the server.
    var isPooled: Bool
  }

  /// Has the functions `pg_current_xact_id` and `trim_scale`, which the tables are kept with.
  static let oldestVersion: Int64 = 130_000

  /// For a person, a line each.
  public let description: [String]
  /// What could cost something, and is taken; a line each.
  public let warnings: [String]

  /// Refuses a server that meterd cannot keep its promise with.
  public static func run(_ target: String) throws(Complaint) -> ServerInspection {
    let facts: Facts
    let keepsSessions: Bool
    do throws(PostgresError) {
      facts = try look(target)
      // What is refused anyway need not be probed.
      keepsSessions = if facts.complaint == nil { try SessionProbe.lasts(target, name: "meterd") } else { true }
    } catch {
      throw Schema.complaint(error, at: "postgres")
    }
    if let complaint = facts.complaint { throw complaint }
    guard keepsSessions else { throw mixedSessions }
    return ServerInspection(description: facts.description, warnings: facts.warnings)
  }

  private static let mixedSessions = Complaint(
    .configuration, at: "postgres",
    "a connection pooler stands before the server and gives a session's next statement to another one (transaction or statement mode)",
    remedy: "let postgres.url name the server itself, or a pooler in session mode")

  private static func look(_ target: String) throws(PostgresError) -> Facts {
    // Not set up as ours are: what counts is what the role and the database are set to.
    var connection = try Connection(target, name: "meterd")
    let rows = try connection.execute(
      """
      select pg_catalog.pg_backend_pid(), current_setting('server_version_num'), current_setting('server_version'),
        current_setting('server_encoding'), pg_catalog.pg_is_in_recovery(), current_setting('transaction_read_only'),
        (select source from pg_catalog.pg_settings where name = 'default_transaction_read_only'),
        current_setting('synchronous_commit'), (select source from pg_catalog.pg_settings where name = 'synchronous_commit'),
        current_setting('synchronous_standby_names') <> '', current_setting('fsync'), current_setting('full_page_writes')
      """)
    connection.backend = Int32(truncatingIfNeeded: rows.integer(0, 0) ?? 0)
    return Facts(
      version: rows.integer(0, 1) ?? 0, versionName: rows.text(0, 2) ?? "?", encoding: rows.text(0, 3) ?? "?",
      isStandby: rows.text(0, 4) == "t", isReadOnly: rows.text(0, 5) == "on",
      readOnlySource: rows.text(0, 6) ?? "?", synchronousCommit: rows.text(0, 7) ?? "?",
      synchronousSource: rows.text(0, 8) ?? "?", hasSynchronousStandbys: rows.text(0, 9) == "t",
      fsync: rows.text(0, 10) == "on", fullPageWrites: rows.text(0, 11) == "on", isPooled: connection.isPooled)
  }
}

extension ServerInspection.Facts {
  /// Why the server cannot be used, nil if it can.
  var complaint: Complaint? {
    if version < ServerInspection.oldestVersion {
      return Complaint(
        .configuration, at: "postgres", "the server is PostgreSQL \(versionName); 13 is the oldest that will do",
        remedy: "upgrade the server")
    }
    if isStandby {
      return Complaint(
        .unavailable, at: "postgres", "the server is a standby in recovery and takes no writes",
        remedy: "let postgres.url name the primary, or all hosts, of which the one that takes writes is chosen")
    }
    if isReadOnly {
      return Complaint(
        .unavailable, at: "postgres",
        "the server is read-only here (default_transaction_read_only is on; set by \(readOnlySource))",
        remedy: "set it to off for meterd's role and database, or wait until whoever set it is done")
    }
    return nil
  }

  var description: [String] {
    ["server \(versionName), encoding \(encoding)"]
      + (isPooled ? ["a pooler stands before the server, and keeps sessions"] : [])
  }

  var warnings: [String] {
    var lines: [String] = []
    switch synchronousCommit {
    case "off":
      lines.append(
        "synchronous_commit is off (set by \(synchronousSource)): meterd's own sessions use on, or a crash could lose what was acknowledged"
      )
    case "local" where hasSynchronousStandbys, "remote_write" where hasSynchronousStandbys:
      lines.append(
        "synchronous_commit is \(synchronousCommit) (set by \(synchronousSource)): a failover can lose what was acknowledged"
      )
    default: break
    }
    if !fsync { lines.append("fsync is off: a crash of the machine can lose or damage everything") }
    if !fullPageWrites {
      lines.append(
        "full_page_writes is off: a crash of the machine can damage tables, unless its file system prevents that")
    }
    return lines
  }
}
