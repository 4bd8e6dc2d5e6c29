import MeterModel

/// Rows of `meterd.usage` for people and programs on the command line.
public struct UsageQuery: Sendable {
  public struct Row: Sendable {
    public var tenant: String
    public var meter: String
    public var dimensions: [(String, String)]
    public var windowStart: String
    public var windowEnd: String
    public var quantity: String
    public var events: Int64
    public var isApproximate: Bool
  }

  public var tenant: String?
  public var meter: String?
  /// RFC 3339 instants.
  public var from: String?
  public var to: String?
  /// Sum up windows and dimensions: one row for each tenant and meter.
  public var isTotal: Bool

  public init(
    tenant: String? = nil, meter: String? = nil, from: String? = nil, to: String? = nil, isTotal: Bool = false
  ) {
    self.tenant = tenant
    self.meter = meter
    self.from = from
    self.to = to
    self.isTotal = isTotal
  }

  public func run(_ target: String) throws(Complaint) -> [Row] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(sql, [.text(tenant), .text(meter), .text(from), .text(to)], timeoutMs: 120_000)
      return (0..<rows.count).map { row in
        Row(
          tenant: rows.text(row, 0) ?? "", meter: rows.text(row, 1) ?? "",
          dimensions: Self.pairs(rows.text(row, 2) ?? ""),
          windowStart: rows.text(row, 3) ?? "", windowEnd: rows.text(row, 4) ?? "", quantity: rows.text(row, 5) ?? "",
          events: rows.integer(row, 6) ?? 0, isApproximate: rows.text(row, 7) == "t")
      }
    } catch {
      if case .refused(let state, _) = error, ["22007", "22008"].contains(state) {
        throw Complaint(
          .usage, at: "usage", "--from and --to take an instant", remedy: "write it as 2026-11-01T00:00:00Z")
      }
      throw Schema.complaint(error, at: "postgres: meterd.usage")
    }
  }

  /// Neither paths nor values can hold the control characters that separate them here.
  private static func pairs(_ text: String) -> [(String, String)] {
    text.split(separator: "\u{1E}").map { pair in
      let parts = pair.split(separator: "\u{1F}", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }

  private var sql: String {
    let instant = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"
    let filter = """
      from meterd.usage
      where ($1::text is null or tenant = $1) and ($2::text is null or meter = $2)
        and ($3::text is null or window_start >= $3::timestamptz) and ($4::text is null or window_start < $4::timestamptz)
      """
    guard isTotal else {
      return """
        select tenant, meter,
          (select string_agg(key || e'\\x1f' || value, e'\\x1e' order by key collate "C") from jsonb_each_text(dimensions)), to_char(window_start, \(instant)), to_char(window_end, \(instant)), quantity::text,
          events, approximate
        \(filter)
        order by tenant, meter, dimensions::text collate "C", window_start
        """
    }
    // A total is what the contract says of several windows and series: sums add up, extremes are extremes, of levels the last of each
    // series adds up, and values are counted once.
    return """
      select tenant, meter, '', to_char(min(window_start), \(instant)), to_char(max(window_end), \(instant)),
        trim_scale(case aggregate
          when 'max' then max(quantity)
          when 'min' then min(quantity)
          when 'latest' then sum(quantity) filter (where is_last)
          when 'unique' then (
            with own as (
              select r.series, r.window_start, r.partition, r.level_at
              from meterd.rollup r join meterd.series s on s.id = r.series join meterd.meter m on m.id = s.meter
              where s.tenant = rows.tenant and m.name = rows.meter and ($3::text is null or r.window_start >= $3::timestamptz)
                and ($4::text is null or r.window_start < $4::timestamptz)
            ), top as (select max(level_at) as bits from own)
            select count(distinct v.value)::numeric * (1::bigint << top.bits::integer)
            from top cross join own join meterd.distinct_value v using (series, window_start, partition)
            where meterd.is_kept(v.value, top.bits) group by top.bits)
          else sum(quantity) end)::text,
        sum(events)::bigint, bool_or(approximate)
      from (
        select u.*, m.aggregate,
          row_number() over (partition by u.tenant, u.meter, u.dimensions order by u.window_start desc) = 1 as is_last
        from (select * \(filter)) u join meterd.meter m on m.name = u.meter
      ) as rows
      group by tenant, meter, aggregate
      order by tenant, meter
      """
  }
}
