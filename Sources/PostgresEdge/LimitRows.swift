import MeterModel

/// Reads what a plan in force says from the columns that several answers have in common.
struct LimitRows {
  let rows: Rows
  /// The first of scale, plan, included, mode, at, grace_percent, warn_at, rate.
  let first: Int

  private static let nothing = PostgresError.refused(state: "XX001", message: "a limit has no content")

  func scale(_ row: Int) throws(PostgresError) -> Int {
    guard let scale = rows.integer(row, first) else { throw Self.nothing }
    return Int(scale)
  }

  func rule(_ row: Int) throws(PostgresError) -> LimitRule {
    guard let plan = rows.integer(row, first + 1) else { throw Self.nothing }
    let scale = try scale(row)
    // A meter that is judged no more: what was told of it is over.
    guard let at = quantity(row, first + 4), let included = quantity(row, first + 2) else {
      let zero = Quantity(units: 0, scale: 0)
      return LimitRule(plan: Int32(plan), terms: LimitTerms(included: zero, mode: nil), scale: scale)
    }
    let terms = LimitTerms(
      included: included, mode: rows.text(row, first + 3).flatMap(LimitTerms.Mode.init), at: at,
      gracePercent: quantity(row, first + 5) ?? Quantity(units: 0, scale: 0), warnAt: warnings(row),
      rate: rows.text(row, first + 7) ?? "")
    return LimitRule(plan: Int32(plan), terms: terms, scale: scale)
  }

  /// A number of any length; what has more than 38 digits stands at their bound.
  func units(_ row: Int, _ column: Int, scale: Int) -> Int128 {
    guard let text = rows.text(row, column) else { return 0 }
    return Quantity(signed: text)?.units(atScale: scale) ?? (text.hasPrefix("-") ? -Quantity.bound : Quantity.bound)
  }

  func told(_ row: Int, _ column: Int) -> [LimitStanding.Told] {
    (rows.text(row, column) ?? "").split(separator: ",").compactMap { text in
      let parts = text.split(separator: " ")
      guard parts.count == 2, let kind = LimitThreshold.Kind(name: String(parts[0])),
        let total = Quantity(signed: String(parts[1]))
      else { return nil }
      return LimitStanding.Told(kind, total)
    }
  }

  /// `series time offset place quantity` by commas.
  func levels(_ row: Int, _ column: Int, scale: Int) throws(PostgresError) -> [Standing.Account.Level] {
    var levels: [Standing.Account.Level] = []
    for text in (rows.text(row, column) ?? "").split(separator: ",") {
      let parts = text.split(separator: " ")
      let digits = parts.first?.filter { $0 != "-" } ?? ""
      guard parts.count == 5, let high = UInt64(digits.prefix(16), radix: 16),
        let low = UInt64(digits.dropFirst(16), radix: 16), let time = Int64(parts[1]), let offset = Int64(parts[2]),
        let place = Int32(parts[3]), let units = Quantity(signed: String(parts[4]))?.units(atScale: scale)
      else { throw Self.nothing }
      levels.append(
        Standing.Account.Level(
          series: SeriesKey(high: high, low: low),
          moment: RollupDelta.Moment(time: Instant(nanoseconds: time), offset: offset, place: place), units: units))
    }
    return levels
  }

  private func quantity(_ row: Int, _ column: Int) -> Quantity? {
    rows.text(row, column).flatMap { Quantity(signed: $0) }
  }

  /// A JSON array of numbers.
  private func warnings(_ row: Int) -> [Quantity] {
    (rows.text(row, first + 6) ?? "").split(whereSeparator: { "[], ".contains($0) }).compactMap {
      Quantity(text: String($0))
    }
  }
}

extension LimitThreshold.Kind {
  init?(name: String) {
    guard let kind = [Self.warning, .limit, .exceeded, .overage].first(where: { "\($0)" == name }) else { return nil }
    self = kind
  }
}

extension Ledger {
  /// What limits tenants around windows, and what the partition has counted for them.
  public func standings(
    of partition: PartitionNumber, _ places: [TenantPlace], _ windows: WindowGrid, lane: Int,
    then: @escaping @Sendable (Result<Standings, PostgresError>) -> Void
  ) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        select place, extract(epoch from known_from)::bigint, extract(epoch from known_until)::bigint, last_flush, period,
          extract(epoch from starts_at)::bigint, extract(epoch from ends_at)::bigint, meter, aggregate, scale, plan, included, mode, at,
          grace_percent, warn_at, rate, quantity, is_shared, told, levels
        from meterd.limit_accounts($1, $2, $3) order by place
        """,
        [
          .int4(partition.number), .textArray(utf8: places.map(\.tenant)),
          .timestamptzArray(seconds: places.map { windows.startSeconds(of: $0.window) }),
        ], timeoutMs: 120_000)
      return try Self.standings(rows, places, windows)
    } then: {
      then($0)
    }
  }

  private static func standings(
    _ rows: Rows, _ places: [TenantPlace], _ windows: WindowGrid
  ) throws(PostgresError) -> Standings {
    let nothing = PostgresError.refused(state: "XX001", message: "meterd.limit_accounts has no answer")
    let limits = LimitRows(rows: rows, first: 9)
    func window(_ seconds: Int64) -> Int32 { windows.number(of: Instant(saturatingMilliseconds: seconds * 1_000)) }
    var answer = Standings(all: [], flush: 0)
    var last: Int64 = 0
    for row in 0..<rows.count {
      guard let place = rows.integer(row, 0), let until = rows.integer(row, 2), let flush = rows.integer(row, 3) else {
        throw nothing
      }
      if place != last {
        last = place
        answer.flush = flush
        let from = rows.integer(row, 1).map(window) ?? .min
        answer.all.append(Standing(key: places[Int(place) - 1].key, windows: from..<window(until), accounts: []))
      }
      guard let period = rows.integer(row, 4) else { continue }
      guard let start = rows.integer(row, 5), let end = rows.integer(row, 6), let meter = rows.integer(row, 7),
        let aggregate = rows.text(row, 8).flatMap(MeterDefinition.Aggregate.init)
      else { throw nothing }
      let scale = try limits.scale(row)
      let isShared = rows.text(row, 18) == "t"
      let levels = isShared ? [] : try limits.levels(row, 20, scale: scale)
      answer.all[answer.all.count - 1].accounts.append(
        Standing.Account(
          period: PeriodID(period), meter: MeterID(Int32(meter)), windows: window(start)..<window(end),
          rule: try limits.rule(row),
          total: aggregate == .latest ? levels.reduce(0) { $0 + $1.units } : limits.units(row, 17, scale: scale),
          told: limits.told(row, 19), isOwn: !isShared && [.count, .sum, .max, .latest].contains(aggregate),
          kind: aggregate == .max ? .largest : aggregate == .latest ? .level : .sum, levels: levels))
    }
    return answer
  }
}
