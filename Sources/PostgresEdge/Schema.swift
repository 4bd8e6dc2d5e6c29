import MeterModel

/// Brings the schema `meterd` to this build's version, one numbered file after the other, each in a transaction of its own.
///
/// The transaction takes an advisory lock, which makes it safe to run from several machines at once: whoever comes second finds nothing
/// left to do. No lock outlives its transaction, and no client is waited for while one is held: a step is one message.
///
/// A file is a step, and a release brings at most one: daemons of a version go on, and start, on a schema that is one step ahead of
/// them, so that a release can be rolled out daemon by daemon. Whoever writes a step therefore expands, and contracts in the step after:
///
/// - what the version before calls, reads or writes stays, with its parameters, columns and meaning. A routine that needs other
///   parameters gets another name (rights are granted by the name alone), and the old one goes a step later;
/// - a new column has a default or may be null, and what the version before does not write is right all the same;
/// - no lock that stops a flush is held for long: constraints are added `not valid`, indexes that take long are not made here;
/// - rights of what is new stand in `meterd.permission`, at the end of the file; `meterd verify` of both versions must hold.
public enum Schema {
  struct Step {
    let version: Int64
    let name: String
    let sql: [UInt8]
  }

  static let steps = [
    Step(version: 1, name: "ledger", sql: PackageResources._001_ledger_sql),
    Step(version: 2, name: "access", sql: PackageResources._002_access_sql),
    Step(version: 3, name: "changes", sql: PackageResources._003_changes_sql),
    Step(version: 4, name: "quarantine", sql: PackageResources._004_quarantine_sql),
    Step(version: 5, name: "verify", sql: PackageResources._005_verify_sql),
    Step(version: 6, name: "sessions", sql: PackageResources._006_sessions_sql),
    Step(version: 7, name: "catalog", sql: PackageResources._007_catalog_sql),
    Step(version: 8, name: "periods", sql: PackageResources._008_periods_sql),
    Step(version: 9, name: "limits", sql: PackageResources._009_limits_sql),
  ]

  public static var version: Int64 { steps.last!.version }

  /// "meterd" as a number; nobody else locks by it.
  private static let lock: Int64 = 0x6D65_7465_7264

  public struct Outcome: Sendable, Equatable {
    public var from: Int64
    public var to: Int64
    /// Roles that are not there and that this role may not create.
    public var missingRoles: [String] = []

    /// What is to be done about them, for whoever may; nil when nothing is.
    public var advice: Complaint? {
      guard !missingRoles.isEmpty else { return nil }
      let orders = missingRoles.map { "create role \($0);" }.joined(separator: " ")
      return Complaint(
        .notPermitted, at: "postgres: roles",
        "\(missingRoles.joined(separator: ", ")) are missing, and this role may not create them",
        remedy: "have an administrator run \"\(orders)\", then run meterd migrate again")
    }
  }

  /// How often a step is tried that cannot get its locks, and how long it waits for each. Flushes wait behind it for as long.
  private static let attempts = 5
  private static let lockTimeout = "5s"

  public static func migrate(_ target: String) throws(Complaint) -> Outcome { try migrate(target, by: steps) }

  static func migrate(_ target: String, by steps: [Step]) throws(Complaint) -> Outcome {
    let connection = try connect(target)
    let last = steps.last!.version
    do throws(PostgresError) {
      try refuseForeignEncoding(connection)
      var found = try installed(connection)
      var outcome = Outcome(from: last, to: last)
      while found < last {
        if try take(steps[Int(found)], connection) { outcome.from = min(outcome.from, found) }
        found = try installed(connection)
      }
      guard found == last else { throw newer(found, than: last) }
      let lacksAccess = try connection.execute("select meterd.lacks_access()").text(0, 0) == "t"
      if outcome.from < last || lacksAccess {
        let rows = try connection.execute(
          """
          with alone as materialized (select pg_advisory_xact_lock(\(lock)))
          select unnest(meterd.grant_access()) from alone
          """)
        outcome.missingRoles = (0..<rows.count).compactMap { rows.text($0, 0) }
      }
      _ = try connection.execute("select meterd.continue_changes()")
      return outcome
    } catch {
      throw complaint(error, at: "postgres: schema meterd")
    }
  }

  /// False when another one has taken the step meanwhile. All of it happens, or nothing.
  private static func take(_ step: Step, _ connection: borrowing Connection) throws(PostgresError) -> Bool {
    for attempt in 1... {
      do throws(PostgresError) {
        // A file holds many statements: the simple protocol runs them in one transaction.
        try connection.script(
          """
          begin;
          set local statement_timeout = 0;
          set local lock_timeout = '60s';
          select pg_advisory_xact_lock(\(lock));
          set local lock_timeout = '\(lockTimeout)';
          create schema if not exists meterd;
          create table if not exists meterd.migration (
            version bigint primary key, name text not null, applied_at timestamptz not null default now());
          do $$ begin
            if (select coalesce(max(m.version), 0) from meterd.migration m) <> \(step.version - 1) then
              raise exception using errcode = 'MT004', message = 'another one was quicker';
            end if;
          end $$;
          \(String(decoding: step.sql, as: UTF8.self))
          ;
          insert into meterd.migration (version, name) values (\(step.version), '\(step.name)');
          commit;
          """, timeoutMs: 600_000)
        return true
      } catch {
        // After an error within, the session is still in the transaction.
        guard case .refused(let state, _) = error else { throw error }
        try connection.script("rollback")
        if state == "MT004" { return false }
        guard state == "55P03", attempt < attempts else { throw error }
      }
    }
    preconditionFailure("the last attempt returns or throws")
  }

  /// For a daemon that is about to run: brings the schema to this build's version if it is asked to, else sees that it is there. A
  /// schema that is one step ahead will do as well: a daemon of the next version runs, or ran, beside this one.
  public static func prepare(_ target: String, migrates: Bool) throws(Complaint) -> Outcome {
    let connection = try connect(target)
    do throws(PostgresError) {
      let found = try installed(connection)
      if found > version + 1 { throw newer(found, than: version) }
      if found == version + 1 {
        _ = try connection.execute("select meterd.continue_changes()")
        return Outcome(from: found, to: found)
      }
    } catch {
      throw complaint(error, at: "postgres: schema meterd")
    }
    if migrates { return try migrate(target) }
    try check(target)
    return Outcome(from: version, to: version)
  }

  /// Refuses to run on a schema that is not exactly this build's.
  static func check(_ target: String) throws(Complaint) {
    let connection = try connect(target)
    do throws(PostgresError) {
      let found = try installed(connection)
      if found > version { throw newer(found, than: version) }
      if found < version {
        throw PostgresError.refused(
          state: "MT001",
          message: found == 0 ? "there is no schema meterd" : "the schema is at version \(found), older than \(version)"
        )
      }
      _ = try connection.execute("select meterd.continue_changes()")
    } catch {
      throw complaint(error, at: "postgres: schema meterd")
    }
  }

  /// The version that is installed; 0 for none.
  static func installed(_ connection: borrowing Connection) throws(PostgresError) -> Int64 {
    let rows = try connection.execute("select to_regclass('meterd.migration') is not null")
    guard rows.text(0, 0) == "t" else { return 0 }
    return try connection.execute("select coalesce(max(version), 0) from meterd.migration").integer(0, 0) ?? 0
  }

  private static func newer(_ found: Int64, than own: Int64) -> PostgresError {
    .refused(state: "MT002", message: "the schema is at version \(found), newer than this build's \(own)")
  }

  private static func refuseForeignEncoding(_ connection: borrowing Connection) throws(PostgresError) {
    let encoding = try connection.execute("show server_encoding").text(0, 0) ?? ""
    guard encoding == "UTF8" else {
      throw .refused(
        state: "MT003", message: "the database's encoding is '\(encoding)'; tenants are compared byte by byte in UTF8")
    }
  }

  static func connect(_ target: String) throws(Complaint) -> Connection {
    do throws(PostgresError) {
      return try Session.open(target, name: "meterd")
    } catch {
      throw complaint(error, at: "postgres")
    }
  }

  static func complaint(_ error: PostgresError, at place: String) -> Complaint {
    switch error {
    case .unreachable(let why), .lost(let why):
      return Complaint(
        .unavailable, at: place, "the server cannot be reached (\(why))", remedy: "start it, or correct postgres.url")
    case .refused("MT001", let message):
      return Complaint(.configuration, at: place, message, remedy: "run meterd migrate")
    case .refused("MT002", let message):
      return Complaint(.configuration, at: place, message, remedy: "run a newer meterd")
    case .refused("MT003", let message):
      return Complaint(.configuration, at: place, message, remedy: "create the database with encoding UTF8")
    case .refused(let state, let message) where error.isNotPermitted:
      return Complaint(
        .notPermitted, at: place, "not permitted (\(state): \(message))", remedy: "grant it, or use another role")
    case .refused("25006", let message):
      return Complaint(
        .unavailable, at: place, "the server takes no writes (\(message))",
        remedy: "name the primary in postgres.url, or wait until it does")
    case .refused("55P03", let message):
      return Complaint(
        .unavailable, at: place, "another session holds a lock that is needed (\(message))",
        remedy: "see pg_blocking_pids and end it, or try again")
    case .refused("3D000", let message):
      return Complaint(
        .unavailable, at: place, "the database is not there (\(message))", remedy: "create it, or correct postgres.url")
    case .refused(let state, let message):
      return Complaint(
        .unavailable, at: place, "the server refused (\(state): \(message))", remedy: "see the server's log")
    }
  }
}
