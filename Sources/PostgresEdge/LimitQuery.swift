import MeterModel

/// What tenants have used of what their plans limit, in the present periods.
public struct LimitQuery: Sendable {
  public struct Row: Sendable {
    public var tenant: String
    public var meter: String
    public var subscription: String
    public var plan: String
    public var planVersion: Int64
    public var isShadow: Bool
    public var periodStart: String
    public var periodEnd: String
    public var rule: LimitRule
    /// In units of the meter's scale.
    public var used: Int128
    /// The last that was told and holds: a warning, `limit`, `exceeded` or `overage`.
    public var state: String?
    /// When the limit will be reached at the present rate; nil if not in this period.
    public var reachedAt: String?
  }

  public var tenant: String?
  public var meter: String?

  public init(tenant: String? = nil, meter: String? = nil) { (self.tenant, self.meter) = (tenant, meter) }

  public func run(_ target: String) throws(Complaint) -> [Row] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(Self.sql, [.text(tenant), .text(meter)], timeoutMs: 120_000)
      let limits = LimitRows(rows: rows, first: 8)
      var all: [Row] = []
      for row in 0..<rows.count {
        let rule = try limits.rule(row)
        all.append(
          Row(
            tenant: rows.text(row, 0) ?? "", meter: rows.text(row, 1) ?? "", subscription: rows.text(row, 2) ?? "",
            plan: rows.text(row, 3) ?? "", planVersion: rows.integer(row, 4) ?? 0, isShadow: rows.text(row, 5) == "t",
            periodStart: rows.text(row, 6) ?? "", periodEnd: rows.text(row, 7) ?? "", rule: rule,
            used: limits.units(row, 16, scale: rule.scale), state: rows.text(row, 17), reachedAt: rows.text(row, 18)))
      }
      return all
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.limit_state")
    }
  }

  private static let sql = """
    select tenant, meter, subscription, plan_name, plan_version, shadow, to_char(starts_at at time zone 'UTC', \(instant)),
      to_char(ends_at at time zone 'UTC', \(instant)), scale, plan, included, mode, at, grace_percent, warn_at, rate, used, state,
      to_char(reached_at at time zone 'UTC', \(instant))
    from meterd.limit_state($1, $2)
    """
  private static let instant = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"
}
