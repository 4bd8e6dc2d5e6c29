/// What the tables need once in a while, whoever does it.
public enum Upkeep {
  /// Takes superseded entries out of the log of changes; answers how many chunks were looked at. Of several daemons one does it.
  public static func sweepChanges(
    on pool: Pool, chunks: Int32, then: @escaping @Sendable (Result<Int, PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      Int(try connection.execute("select meterd.sweep_changes($1)", [.int4(chunks)]).integer(0, 0) ?? 0)
    } then: {
      then($0)
    }
  }
}
