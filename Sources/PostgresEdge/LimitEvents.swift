import MeterModel
import MeterTelemetry

/// What was told of limits, read in the order of the commits.
public struct LimitEvents: Sendable {
  /// One event, as the log, the topic and the command line have it.
  public struct Event: Sendable {
    public var seq: Int64
    public var tenant: String
    public var kind: String
    /// When it was told, in milliseconds.
    public var atMs: Int64
    /// Texts for people, in the order of the members; nil for null.
    public var members: [(name: String, value: String?)]
    /// A JSON object, without an end of line.
    public var json: [UInt8]
  }

  public var tenant: String?
  public var kind: String?
  /// An instant.
  public var since: String?

  public init(tenant: String? = nil, kind: String? = nil, since: String? = nil) {
    (self.tenant, self.kind, self.since) = (tenant, kind, since)
  }

  private enum Form { case text, number }

  private static let members: [(name: String, column: String, form: Form)] = [
    ("seq", "seq", .number), ("id", "id", .text), ("at", instant("at", "SS.MS"), .text), ("tenant", "tenant", .text),
    ("meter", "meter", .text), ("kind", "kind", .text), ("threshold", "threshold", .number), ("used", "used", .text),
    ("limit", "\"limit\"", .text), ("mode", "mode", .text), ("plan", "plan", .text),
    ("plan_version", "plan_version", .number), ("subscription", "subscription", .text),
    ("period_start", instant("period_start", "SS"), .text), ("period_end", instant("period_end", "SS"), .text),
    ("event_id", "event_id", .text), ("topic", "topic", .text), ("partition", "partition", .number),
    ("offset", "\"offset\"", .number), ("shadow", "shadow", .number),
  ]

  private static func instant(_ column: String, _ seconds: String) -> String {
    "to_char(\(column) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:\(seconds)\"Z\"')"
  }

  private static let columns = members.map(\.column).joined(separator: ", ")

  /// Those behind `seq`, the oldest first.
  public func after(
    _ seq: Int64, atMost count: Int, on pool: Pool, then: @escaping @Sendable (Result<[Event], PostgresError>) -> Void
  ) {
    pool.submit(lane: 1) { connection throws(PostgresError) in
      try read(connection, from: "meterd.all_limit_events", after: seq, atMost: count)
    } then: {
      then($0)
    }
  }

  /// Follows what is told until `each` says that it is enough. Without `since`, what was told before is left out.
  public func follow(_ target: String, _ each: (Event) -> Bool, pause: () -> Bool) throws(Complaint) {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      var seq: Int64 = 0
      if since == nil {
        let newest = try connection.execute("select coalesce(max(seq), 0) from meterd.limit_events")
        seq = newest.integer(0, 0) ?? 0
      }
      while true {
        let events = try read(connection, from: "meterd.limit_events", after: seq, atMost: 1_000)
        for event in events where !each(event) { return }
        if let last = events.last { seq = last.seq } else if !pause() { return }
      }
    } catch {
      if case .refused(let state, _) = error, ["22007", "22008"].contains(state) {
        throw Complaint(
          .usage, at: "tail", "--since takes an instant", remedy: "write it as 2026-11-01T00:00:00Z")
      }
      throw Schema.complaint(error, at: "postgres: meterd.limit_events")
    }
  }

  /// The last one that was told; 0 for none.
  public static func newest(_ target: String) throws(Complaint) -> Int64 {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      return try connection.execute("select coalesce(max(seq), 0) from meterd.limit_event").integer(0, 0) ?? 0
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.limit_event")
    }
  }

  private func read(
    _ connection: borrowing Connection, from view: String, after seq: Int64, atMost count: Int
  ) throws(PostgresError) -> [Event] {
    let rows = try connection.execute(
      """
      select \(Self.columns), (extract(epoch from at) * 1000)::bigint from \(view)
      where seq > $1 and ($2::text is null or tenant = $2) and ($3::text is null or kind = $3)
        and ($4::text is null or at >= $4::timestamptz)
      order by seq limit $5
      """, [.int8(seq), .text(tenant), .text(kind), .text(since), .int4(Int32(count))])
    return (0..<rows.count).map { row in
      var members: [(name: String, value: String?)] = []
      var json = JSONText()
      json.object { json in
        for (column, member) in Self.members.enumerated() {
          var value = rows.text(row, column)
          if member.name == "shadow" { value = value == "t" ? "true" : "false" }
          members.append((member.name, value))
          json.name(member.name)
          switch (value, member.form) {
          case (nil, _): json.null()
          case (let value?, .text): json.string(value)
          case (let value?, .number): json.number(value)
          }
        }
      }
      return Event(
        seq: rows.integer(row, 0) ?? 0, tenant: rows.text(row, 3) ?? "", kind: rows.text(row, 5) ?? "",
        atMs: rows.integer(row, Self.members.count) ?? 0, members: members, json: json.bytes)
    }
  }

  /// Hands what was told to a topic, once for all daemons: `produce` says whether all of it was taken. Returns how many it was; nil
  /// where another daemon is at it.
  public static func publish(
    to topic: String, atMost count: Int, on pool: Pool, _ produce: @escaping @Sendable ([Event]) -> Bool,
    then: @escaping @Sendable (Result<Int?, PostgresError>) -> Void
  ) {
    pool.submit(lane: 2) { connection throws(PostgresError) in
      do throws(PostgresError) {
        try connection.script("begin")
        // Without a row's lock, which would be a transaction that readers of changes wait for.
        let place = try connection.execute(
          """
          select case when pg_try_advisory_xact_lock(hashtextextended('meterd limit topic ' || topic, 0)) then seq end
          from meterd.limit_topic where topic = $1
          """, [.text(topic)])
        guard place.count == 1, let seq = place.integer(0, 0) else {
          try connection.script("rollback")
          return nil
        }
        let events = try LimitEvents().read(connection, from: "meterd.all_limit_events", after: seq, atMost: count)
        guard let last = events.last, produce(events) else {
          try connection.script("rollback")
          return 0
        }
        _ = try connection.execute(
          "update meterd.limit_topic set seq = $2 where topic = $1", [.text(topic), .int8(last.seq)])
        try connection.script("commit")
        return events.count
      } catch {
        // A session that stays in a failed transaction would answer nobody else.
        if case .refused = error { try connection.script("rollback") }
        throw error
      }
    } then: {
      then($0)
    }
  }

  /// A topic that is new gets what is told from now on.
  public static func open(_ topic: String, _ target: String) throws(Complaint) {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      _ = try connection.execute(
        """
        insert into meterd.limit_topic (topic, seq) select $1, coalesce(max(seq), 0) from meterd.limit_event
        on conflict (topic) do nothing
        """, [.text(topic)])
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.limit_topic")
    }
  }
}
