import MeterModel
import MeterTelemetry

/// What no lane judges alone, looked at: totals by several partitions, levels and sets, and what the catalog or the clock changed.
public enum LimitReview {
  /// One total with all that it takes to judge it.
  public struct Subject: Sendable, Equatable {
    public var period: PeriodID
    public var meter: MeterID
    public var rule: LimitRule
    public var used: Int128
    public var told: [LimitStanding.Told]
    /// Whether an earlier period had told of a limit.
    public var wasLimited: Bool
    /// The last event that was counted for it since it was looked at, and by which partition.
    public var cause: Crossing.Cause?
    public var partition: PartitionNumber?
  }

  public struct Finding: Sendable, Equatable {
    /// What becomes of a limit that an earlier period had told of.
    public enum Beginning: String, Sendable {
      case began
      case wentOn = "went_on"
    }

    public var crossing: Crossing
    public var beginning: Beginning?
    public var partition: PartitionNumber?

    public init(crossing: Crossing, beginning: Beginning? = nil, partition: PartitionNumber? = nil) {
      self.crossing = crossing
      self.beginning = beginning
      self.partition = partition
    }
  }

  /// So many marks are looked at together.
  /// "review" as a number: one daemon looks at a time.
  private static let lock: Int64 = 0x72_6576_6965_77

  /// What a round did: how many it looked at, and what it told, unless it had been told meanwhile.
  public struct Round: Sendable, Equatable {
    public var looked = 0
    public var told: [Crossing] = []
  }

  /// What the clock has brought is marked, and what is left of trials told; says of how many.
  public static func mark(on pool: Pool, then: @escaping @Sendable (Result<Int, PostgresError>) -> Void) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      Int(try connection.execute("select meterd.mark_reviews()").integer(0, 0) ?? 0)
    } then: {
      then($0)
    }
  }

  /// Looks at what is due, at most at so many. Nothing that a flush needs is locked while the client thinks.
  public static func run(
    on pool: Pool, atMost count: Int, _ judge: @escaping @Sendable (Subject) -> [Finding],
    then: @escaping @Sendable (Result<Round, PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      do throws(PostgresError) {
        guard try connection.execute("select exists (select from meterd.limit_review)").text(0, 0) == "t" else {
          return Round()
        }
        try connection.script("begin; set local idle_in_transaction_session_timeout = '5s'")
        let isAlone = try connection.execute("select pg_try_advisory_xact_lock(\(lock))").text(0, 0) == "t"
        let (subjects, ids) = isAlone ? try due(connection, count) : ([], [])
        guard !ids.isEmpty else {
          try connection.script("rollback")
          return Round()
        }
        let findings = subjects.flatMap(judge)
        try finish(connection, subjects, ids, findings)
        return Round(looked: ids.count, told: findings.filter { $0.beginning != .wentOn }.map(\.crossing))
      } catch {
        // A session that stays in a failed transaction would answer nobody else.
        if case .refused = error { try connection.script("rollback") }
        throw error
      }
    } then: {
      then($0)
    }
  }

  private static func due(
    _ connection: borrowing Connection, _ count: Int
  ) throws(PostgresError) -> ([Subject], [Int64]) {
    let rows = try connection.execute(
      """
      select array_to_string(ids, ','), period, meter, scale, plan, included, mode, at, grace_percent, warn_at, rate, used, told,
        was_limited, event_id, partition, "offset"
      from meterd.due_reviews($1)
      """, [.int4(Int32(count))], timeoutMs: 120_000)
    let limits = LimitRows(rows: rows, first: 3)
    var subjects: [Subject] = []
    var ids: [Int64] = []
    for row in 0..<rows.count {
      guard let period = rows.integer(row, 1), let meter = rows.integer(row, 2) else {
        throw .refused(state: "XX001", message: "meterd.due_reviews has no answer")
      }
      ids += (rows.text(row, 0) ?? "").split(separator: ",").compactMap { Int64($0) }
      // Of a period that is gone.
      guard !rows.isNull(row, 4) else { continue }
      let cause = rows.bytes(row, 14).map { Crossing.Cause(event: $0, offset: rows.integer(row, 16) ?? 0) }
      subjects.append(
        Subject(
          period: PeriodID(period), meter: MeterID(Int32(meter)), rule: try limits.rule(row),
          used: limits.units(row, 11, scale: try limits.scale(row)), told: limits.told(row, 12),
          wasLimited: rows.text(row, 13) == "t", cause: cause,
          partition: rows.integer(row, 15).map { PartitionNumber(Int32($0)) }))
    }
    return (subjects, ids)
  }

  /// What is told and the commit are one message: whoever tells holds up all others who do.
  private static func finish(
    _ connection: borrowing Connection, _ subjects: [Subject], _ ids: [Int64], _ findings: [Finding]
  ) throws(PostgresError) {
    let subjects = subjects.map { ($0, LimitStanding.next(above: $0.used, on: $0.rule.ladder)) }
    var seen = JSONText()
    seen.array { json in
      for (subject, next) in subjects {
        json.object { json in
          json.member("period", subject.period.number)
          json.member("meter", Int64(subject.meter.number))
          json.name("used")
          json.number(Quantity(units: subject.used, scale: subject.rule.scale).description)
          if let next {
            json.name("next")
            json.number(Quantity(units: next, scale: subject.rule.scale).description)
          }
        }
      }
    }
    _ = try connection.execute(
      "select set_config('meterd.crossings', $1, true), set_config('meterd.reviews', $2::bigint[]::text, true), set_config('meterd.seen', $3, true)",
      [
        .text(CrossingDocument.text(findings) ?? ""), .int8Array(ids),
        .text(String(decoding: seen.bytes, as: UTF8.self)),
      ])
    try connection.script(
      """
      select meterd.finish_reviews(
        nullif(current_setting('meterd.crossings'), ''), current_setting('meterd.reviews')::bigint[], current_setting('meterd.seen')::jsonb);
      commit
      """)
  }
}
