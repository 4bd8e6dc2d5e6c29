import MeterModel

/// Brings the schema `meterd` to this build's version, one numbered file after the other, each in a transaction of its own.
///
/// An advisory lock makes it safe to run from several machines at once: whoever comes second finds nothing left to do.
public enum Schema {
  private struct Step {
    let version: Int64
    let name: String
    let sql: [UInt8]
  }

  private static let steps = [
    Step(version: 1, name: "ledger", sql: PackageResources._001_ledger_sql),
    Step(version: 2, name: "access", sql: PackageResources._002_access_sql),
    Step(version: 3, name: "changes", sql: PackageResources._003_changes_sql),
    Step(version: 4, name: "quarantine", sql: PackageResources._004_quarantine_sql),
    Step(version: 5, name: "verify", sql: PackageResources._005_verify_sql),
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

  public static func migrate(_ target: String) throws(Complaint) -> Outcome {
    let connection = try connect(target)
    do throws(PostgresError) {
      try refuseForeignEncoding(connection)
      _ = try connection.execute("select pg_advisory_lock(\(lock))", timeoutMs: 120_000)
      let found = try installed(connection)
      guard found <= version else { throw newer(found) }
      for step in steps where step.version > found {
        // A file holds many statements: the simple protocol runs them in one transaction.
        try connection.script(
          """
          begin;
          create schema if not exists meterd;
          create table if not exists meterd.migration (
            version bigint primary key, name text not null, applied_at timestamptz not null default now());
          \(String(decoding: step.sql, as: UTF8.self))
          insert into meterd.migration (version, name) values (\(step.version), '\(step.name)');
          commit;
          """)
      }
      var outcome = Outcome(from: found, to: version)
      let lacksAccess = try connection.execute("select meterd.lacks_access()").text(0, 0) == "t"
      if found < version || lacksAccess {
        let rows = try connection.execute("select unnest(meterd.grant_access())")
        outcome.missingRoles = (0..<rows.count).compactMap { rows.text($0, 0) }
      }
      _ = try connection.execute("select meterd.continue_changes()")
      _ = try connection.execute("select pg_advisory_unlock(\(lock))")
      return outcome
    } catch {
      throw complaint(error, at: "postgres: schema meterd")
    }
  }

  /// Refuses to run on a schema that is not exactly this build's.
  public static func check(_ target: String) throws(Complaint) {
    let connection = try connect(target)
    do throws(PostgresError) {
      let found = try installed(connection)
      if found > version { throw newer(found) }
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

  private static func newer(_ found: Int64) -> PostgresError {
    .refused(state: "MT002", message: "the schema is at version \(found), newer than this build's \(version)")
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
    case .refused("3D000", let message):
      return Complaint(
        .unavailable, at: place, "the database is not there (\(message))", remedy: "create it, or correct postgres.url")
    case .refused(let state, let message):
      return Complaint(
        .unavailable, at: place, "the server refused (\(state): \(message))", remedy: "see the server's log")
    }
  }
}
