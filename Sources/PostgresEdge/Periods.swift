import MeterModel
import MeterTelemetry

/// Usage periods as the database has them: what they come from is asked here, and what they are is written.
public enum Periods {
  /// What the periods of a subscription come from. Instants are whole seconds since 1970: windows begin on them.
  public struct Terms: Sendable, Equatable {
    public var subscription: String
    public var timeZone: String
    public var startsAt: Int64
    public var endsAt: Int64?
    /// The plan's and the subscription's own, as they were written.
    public var trials: [String]
    /// The window of the installation; of the configuration while nothing was counted.
    public var window: TimeSpan
    /// Periods are wanted that end after the one and begin before the other.
    public var since: Int64
    public var until: Int64
    /// Those that have opened, in order.
    public var opened: [Opened]
  }

  public struct Opened: Sendable, Equatable {
    public var number: Int
    public var start: Int64
    public var end: Int64
  }

  public struct Row: Sendable, Equatable {
    public var subscription: String
    public var number: Int
    public var isTrial: Bool
    public var start: Int64
    public var end: Int64

    public init(subscription: String, number: Int, isTrial: Bool, start: Int64, end: Int64) {
      (self.subscription, self.number, self.isTrial) = (subscription, number, isTrial)
      (self.start, self.end) = (start, end)
    }
  }

  /// What comes of terms: periods, and subscriptions that cannot be.
  public struct Outlook: Sendable, Equatable {
    public var rows: [Row] = []
    public var refused: [Catalog.Change] = []

    public init() {}
  }

  /// What an installation is set to.
  public struct Bounds: Sendable, Equatable {
    public var window: TimeSpan
    /// How far behind events may be.
    public var past: TimeSpan

    public init(window: TimeSpan, past: TimeSpan) { (self.window, self.past) = (window, past) }
  }

  /// As many subscriptions are looked at together when periods are added by the way.
  static let atOnce: Int32 = 1_000
  private static let all = Int32.max

  /// Of some subscriptions and those of some tenants.
  static func terms(
    _ connection: borrowing Connection, subscriptions: [String], tenants: [String], _ bounds: Bounds
  ) throws(PostgresError) -> [Terms] {
    try terms(connection, [.textArray(subscriptions), .textArray(tenants)], bounds, limit: all)
  }

  /// Of some subscriptions that have too few periods ahead.
  static func due(_ connection: borrowing Connection, _ bounds: Bounds) throws(PostgresError) -> [Terms] {
    try terms(connection, [.text(nil), .text(nil)], bounds, limit: atOnce)
  }

  private static func terms(
    _ connection: borrowing Connection, _ names: [Parameter], _ bounds: Bounds, limit: Int32
  ) throws(PostgresError) -> [Terms] {
    let rows = try connection.execute(
      """
      select subscription, time_zone, starts_at, ends_at, plan_trial, trial, window_seconds, since, until,
        (select string_agg((o ->> 0) || ' ' || (o ->> 1) || ' ' || (o ->> 2), ',') from jsonb_array_elements(opened) as o)
      from meterd.period_terms($1::text[], $2::text[], make_interval(secs => $3::bigint), $4::bigint, $5)
      """, names + [.int8(bounds.past.seconds), .int8(bounds.window.seconds), .int4(limit)])
    var all: [Terms] = []
    for row in 0..<rows.count {
      guard let id = rows.text(row, 0), let zone = rows.text(row, 1), let start = rows.integer(row, 2),
        let window = rows.integer(row, 6), let since = rows.integer(row, 7), let until = rows.integer(row, 8)
      else { throw .refused(state: "XX001", message: "meterd.period_terms has no answer") }
      let opened = (rows.text(row, 9) ?? "").split(separator: ",").compactMap { text in
        let numbers = text.split(separator: " ").compactMap { Int64($0) }
        return numbers.count == 3 ? Opened(number: Int(numbers[0]), start: numbers[1], end: numbers[2]) : nil
      }
      all.append(
        Terms(
          subscription: id, timeZone: zone, startsAt: start, endsAt: rows.integer(row, 3),
          trials: [rows.text(row, 4), rows.text(row, 5)].compactMap(\.self), window: .seconds(window), since: since,
          until: until, opened: opened))
    }
    return all
  }

  /// Within a transaction that ends with a message that fills and commits.
  static func set(
    _ connection: borrowing Connection, of terms: [Terms], _ rows: [Row]
  ) throws(PostgresError) {
    var json = JSONText()
    json.array { json in
      for row in rows {
        json.object { json in
          json.member("subscription", row.subscription)
          json.member("number", Int64(row.number))
          json.name("is_trial")
          json.bool(row.isTrial)
          json.member("starts_at", row.start)
          json.member("ends_at", row.end)
        }
      }
    }
    _ = try connection.execute(
      "select meterd.set_periods($1, $2::jsonb)",
      [.textArray(terms.map(\.subscription)), .text(String(decoding: json.bytes, as: UTF8.self))],
      timeoutMs: Catalog.applyMs)
  }

  /// Adds periods where few are left ahead, some subscriptions at a time; says to how many. Somebody else who is at it is not waited for.
  public static func extend(
    _ bounds: Bounds, on pool: Pool, _ outlook: @escaping @Sendable ([Terms]) -> Outlook,
    then: @escaping @Sendable (Result<Int, PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      guard
        try connection.execute(
          "select exists (select from meterd.period_terms(null, null, make_interval(secs => $1::bigint), $2::bigint, 1))",
          [.int8(bounds.past.seconds), .int8(bounds.window.seconds)]
        ).text(0, 0) == "t"
      else { return 0 }
      try connection.script("begin")
      guard try connection.execute("select pg_try_advisory_xact_lock(\(Catalog.lock))").text(0, 0) == "t" else {
        try connection.script("rollback")
        return 0
      }
      let terms = try due(connection, bounds)
      let rows = outlook(terms).rows
      try set(connection, of: terms, rows)
      try connection.script("select meterd.fill_totals(); commit")
      return Set(rows.map(\.subscription)).count
    } then: {
      then($0)
    }
  }
}
