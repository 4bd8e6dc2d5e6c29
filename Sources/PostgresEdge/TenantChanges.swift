/// Tenants of whom what is known may be wrong: for whom a catalog, or the clock, has changed something.
public struct TenantChanges: Sendable, Equatable {
  /// The catalog's version by which they are known.
  public var version: Int64
  /// Nil: everybody.
  public var tenants: [String]?

  /// What has changed behind a version.
  public static func ask(
    behind version: Int64, on pool: Pool, then: @escaping @Sendable (Result<TenantChanges, PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        select c.version, c.tenants is null, t.tenant
        from meterd.changed_tenants($1) c left join lateral unnest(c.tenants) as t (tenant) on true
        """, [.int8(version)])
      guard let version = rows.integer(0, 0) else {
        throw .refused(state: "XX001", message: "meterd.changed_tenants has no answer")
      }
      let isAll = rows.text(0, 1) == "t"
      return TenantChanges(version: version, tenants: isAll ? nil : (0..<rows.count).compactMap { rows.text($0, 2) })
    } then: {
      then($0)
    }
  }
}
