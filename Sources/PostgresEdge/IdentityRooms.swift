/// The ring of rooms in which identities lie in the database, and are forgotten whole.
public enum IdentityRooms {
  /// Empties what has passed; says how many rooms that were. Any daemon may do it, at any time.
  public static func sweep(
    on pool: Pool, then: @escaping @Sendable (Result<Int64, PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      try connection.execute("select meterd.sweep_identities()").integer(0, 0) ?? 0
    } then: {
      then($0)
    }
  }
}
