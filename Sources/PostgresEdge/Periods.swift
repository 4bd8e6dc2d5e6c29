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
    public var now: Int64
    /// Those that have opened, in order.
    public var opened: [Row]

    public init(
      subscription: String, timeZone: String = "UTC", startsAt: Int64, endsAt: Int64? = nil, trials: [String] = [],
      window: TimeSpan = .hours(1), since: Int64, until: Int64, now: Int64, opened: [Row] = []
    ) {
      (self.subscription, self.timeZone, self.startsAt, self.endsAt) = (subscription, timeZone, startsAt, endsAt)
      (self.trials, self.window, self.since, self.until, self.now) = (trials, window, since, until, now)
      self.opened = opened
    }
  }

  public struct Row: Sendable, Equatable {
    public var subscription: String
    public var number: Int
    public var isTrial: Bool
    public var start: Int64
    public var end: Int64
    /// Whether it ends only because its subscription does.
    public var isCut: Bool

    public init(subscription: String, number: Int, isTrial: Bool, start: Int64, end: Int64, isCut: Bool = false) {
      (self.subscription, self.number, self.isTrial) = (subscription, number, isTrial)
      (self.start, self.end, self.isCut) = (start, end, isCut)
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
  private static let atOnce: Int32 = 1_000

  /// Of some subscriptions and those of some tenants.
  static func terms(
    _ connection: borrowing Connection, subscriptions: [String], tenants: [String], _ bounds: Bounds
  ) throws(PostgresError) -> [Terms] {
    try terms(connection, [.textArray(subscriptions), .textArray(tenants), .text(nil)], bounds, limit: .max)
  }

  /// Of some subscriptions behind that one that have too few periods.
  private static func due(
    _ connection: borrowing Connection, behind id: String, _ bounds: Bounds
  ) throws(PostgresError) -> [Terms] {
    try terms(connection, [.text(nil), .text(nil), .text(id)], bounds, limit: atOnce)
  }

  private static func terms(
    _ connection: borrowing Connection, _ which: [Parameter], _ bounds: Bounds, limit: Int32
  ) throws(PostgresError) -> [Terms] {
    let rows = try connection.execute(
      """
      select subscription, time_zone, starts_at, ends_at, plan_trial, trial, window_seconds, since, until, present, opened
      from meterd.period_terms($1::text[], $2::text[], $3, make_interval(secs => $4::bigint), $5::bigint, $6)
      """, which + [.int8(bounds.past.seconds), .int8(bounds.window.seconds), .int4(limit)], timeoutMs: Catalog.applyMs)
    var all: [Terms] = []
    for row in 0..<rows.count {
      guard let id = rows.text(row, 0), let zone = rows.text(row, 1), let start = rows.integer(row, 2),
        let window = rows.integer(row, 6), let since = rows.integer(row, 7), let until = rows.integer(row, 8),
        let now = rows.integer(row, 9)
      else { throw .refused(state: "XX001", message: "meterd.period_terms has no answer") }
      let opened = (rows.text(row, 10) ?? "").split(separator: ",").compactMap { text -> Row? in
        let numbers = text.split(separator: " ").compactMap { Int64($0) }
        guard numbers.count == 5 else { return nil }
        return Row(
          subscription: id, number: Int(numbers[0]), isTrial: numbers[3] == 1, start: numbers[1], end: numbers[2],
          isCut: numbers[4] == 1)
      }
      all.append(
        Terms(
          subscription: id, timeZone: zone, startsAt: start, endsAt: rows.integer(row, 3),
          trials: [rows.text(row, 4), rows.text(row, 5)].compactMap(\.self), window: .seconds(window), since: since,
          until: until, now: now, opened: opened))
    }
    return all
  }

  /// Within a transaction that ends with `fillAndCommit`. Whoever was refused keeps the periods that are there.
  static func set(
    _ connection: borrowing Connection, of terms: [Terms], _ outlook: Outlook
  ) throws(PostgresError) {
    let refused = Set(outlook.refused.map(\.name))
    var json = JSONText()
    json.array { json in
      for row in outlook.rows {
        json.object { json in
          json.member("subscription", row.subscription)
          json.member("number", Int64(row.number))
          json.name("is_trial")
          json.bool(row.isTrial)
          json.member("starts_at", row.start)
          json.member("ends_at", row.end)
          json.name("is_cut")
          json.bool(row.isCut)
        }
      }
    }
    _ = try connection.execute(
      "select meterd.set_periods($1, $2::jsonb)",
      [
        .textArray(terms.map(\.subscription).filter { !refused.contains($0) }),
        .text(String(decoding: json.bytes, as: UTF8.self)),
      ], timeoutMs: Catalog.applyMs)
  }

  /// What follows is bounded by the client and not by the session.
  static let begin = "begin; set local statement_timeout = 0"

  /// One message, since all flushes wait from the lock to the commit; a flush that itself waits for long is not waited for.
  static func fillAndCommit(_ connection: borrowing Connection, _ more: String = "") throws(PostgresError) {
    try connection.script(
      "set local lock_timeout = '20s'; select meterd.fill_totals(); \(more) commit", timeoutMs: Catalog.applyMs)
  }

  /// What an extension did: to how many subscriptions periods were added, and behind which to go on; nil at the end.
  public struct Extension: Sendable, Equatable {
    public var subscriptions = 0
    public var next: String?
  }

  /// Adds periods where there are too few, some subscriptions at a time. Somebody else who is at it is not waited for.
  public static func extend(
    behind id: String, _ bounds: Bounds, on pool: Pool, _ outlook: @escaping @Sendable ([Terms]) -> Outlook,
    then: @escaping @Sendable (Result<Extension, PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      do throws(PostgresError) {
        try connection.script(begin)
        // Who applies a catalog lays periods, too.
        let isAlone = try connection.execute("select pg_try_advisory_xact_lock(\(Catalog.lock))").text(0, 0) == "t"
        let terms = isAlone ? try due(connection, behind: id, bounds) : []
        guard !terms.isEmpty else {
          try connection.script("rollback")
          return Extension()
        }
        let outlook = outlook(terms)
        try set(connection, of: terms, outlook)
        try fillAndCommit(connection)
        return Extension(
          subscriptions: Set(outlook.rows.map(\.subscription)).count,
          next: terms.count == Int(atOnce) ? terms.last?.subscription : nil)
      } catch {
        // A session that stays in a failed transaction would answer nobody else.
        if case .refused = error { try connection.script("rollback") }
        throw error
      }
    } then: {
      then($0)
    }
  }
}
