import Foundation
import MeterCore
import MeterModel
import MeterOracle
import MeterWire
import PostgresEdge
import TestDice
import TestLogs
import TestStack
import Testing

/// The engine through real PostgreSQL against the recount: every aggregate, as the view `usage` has it.
@Suite struct LedgerDifferentialTests {
  private static let definitions: [MeterDefinition] = [
    MeterDefinition(
      name: "w_each", event: HostileEvent.levelType, aggregate: .timeWeighted, value: "v.n", scale: 6, dimensions: ["d"]
    ),
    MeterDefinition(
      name: "w_hold", event: HostileEvent.levelType, aggregate: .timeWeighted, value: "v.n", scale: 9, dimensions: [],
      hold: .minutes(7)),
    MeterDefinition(
      name: "w_coarse", event: "storage.sample", aggregate: .timeWeighted, value: "gigabytes", scale: 3,
      dimensions: ["volume"]),
    MeterDefinition(name: "u_values", event: HostileEvent.type, aggregate: .unique, value: "v.n", dimensions: []),
    MeterDefinition(
      name: "u_models", event: "llm.tokens", aggregate: .unique, value: "model", dimensions: ["direction"]),
    MeterDefinition(
      name: "latest", event: "storage.sample", aggregate: .latest, value: "gigabytes", scale: 3, dimensions: ["volume"]),
    MeterDefinition(
      name: "peak", event: HostileEvent.levelType, aggregate: .max, value: "v.n", scale: 9, dimensions: []),
    MeterDefinition(
      name: "floor", event: HostileEvent.levelType, aggregate: .min, value: "v.n", scale: 9, dimensions: ["v.d"]),
    MeterDefinition(name: "calls", event: "api.call", aggregate: .count, dimensions: ["endpoint"]),
    MeterDefinition(
      name: "tokens", event: "llm.tokens", aggregate: .sum, value: "tokens", scale: 0, dimensions: ["model"]),
  ]

  @Test(arguments: [11, 12, 13] as [UInt64])
  func `the view of every aggregate equals the recount`(_ seed: UInt64) throws {
    let log = try HostileLog(seed: seed, events: 1_200, partitions: 3)
    let meters = Self.definitions.map { definition in
      OracleMeter(
        name: OracleText(definition.name), event: OracleText(definition.event),
        aggregate: OracleAggregate(definition.aggregate),
        value: definition.value.map { OracleText($0) }, scale: definition.scale,
        dimensions: definition.dimensions.map { OracleText($0) },
        hold: definition.hold.map { .nanoseconds($0.nanoseconds) })
    }
    var oracle = Oracle(settings: log.settings, meters: meters) { Zstd.content($0, limit: $1) }
    for record in log.partitions.joined() { oracle.take(record) }

    let url = try PostgresCluster.shared.createDatabase("differential")
    let database = try Database(url)
    let windowLength = Int(log.settings.rollupWindow.components.seconds)
    let periods = PeriodBooks(
      database: database, now: Int(log.settings.now.nanoseconds / 1_000_000_000), window: windowLength)
    try count(log, url, periods, seed)
    // Integrals run to the last commit; here that is the recount's now.
    let now = log.settings.now.nanoseconds / 1_000_000_000
    try database.execute("update meterd.partition set committed_at = to_timestamp(\(now))")
    let upTo = OracleInstant(milliseconds: Int64(now) * 1_000)
    let wanted = oracle.results(upTo: upTo).usage.map { row in
      let dimensions = row.dimensions.map { "\($0.path)=\($0.value)" }.sorted()
      return "\(row.tenant) \(row.meter) \(dimensions) \(row.windowStart) \(row.quantity) x\(row.events)"
    }
    let found = try database.query(
      """
      select tenant, meter, (select coalesce(string_agg(key || '=' || value, e'\\x1e'), '') from jsonb_each_text(dimensions)),
        extract(epoch from window_start)::bigint, quantity, events from meterd.usage
      """
    ).map { row in
      let dimensions = (row[2] ?? "").split(separator: "\u{1E}").map(String.init).sorted()
      return "\(row[0] ?? "") \(row[1] ?? "") \(dimensions) \(row[3] ?? "") \(row[4] ?? "") x\(row[5] ?? "")"
    }
    let missing = Set(wanted).subtracting(found).sorted(by: bytewise)
    let surplus = Set(found).subtracting(wanted).sorted(by: bytewise)
    for line in missing.prefix(5) { Issue.record("missing: \(line)") }
    for line in surplus.prefix(5) { Issue.record("surplus: \(line)") }
    #expect(missing.isEmpty && surplus.isEmpty && !wanted.isEmpty, "\(missing.count) missing, \(surplus.count) surplus")
    #expect(try PostgresEdge.Books.verify(url).differences == [], "seed \(seed)")
    try periods.subscribe()
    #expect(try PostgresEdge.Books.verify(url).differences == [], "seed \(seed)")
    #expect(try periods.differences() == [])
    #expect(try periods.impossibleSets() == [])
    let rows = Int(try database.scalar("select count(*) from meterd.period_usage where quantity > 0") ?? "") ?? 0
    #expect(rows > 50)
    try compareChanges(found, database)
    for meter in Self.definitions {
      #expect(wanted.contains { $0.contains(" \(meter.name) ") }, "\(meter.name) counted nothing")
    }
  }

  /// What `changes_since` tells from the beginning. Levels are told of in time, and here years go by between two samples.
  private func compareChanges(_ found: [String], _ database: Database) throws {
    try eventually("everything committed can be read") {
      try database.scalar("select max(position) < meterd.change_horizon() from meterd.change") == "t"
    }
    let told = try database.query(
      """
      select row ->> 'tenant', row ->> 'meter',
        (select coalesce(string_agg(key || '=' || value, e'\\x1e'), '') from jsonb_each_text(row -> 'dimensions')),
        extract(epoch from (row ->> 'window_start')::timestamptz)::bigint, row ->> 'quantity', row ->> 'events'
      from meterd.changes_since(0, 1000000) where kind = 'usage' and row ->> 'meter' not like 'w\\_%'
      """
    ).map { row in
      let dimensions = (row[2] ?? "").split(separator: "\u{1E}").map(String.init).sorted()
      return "\(row[0] ?? "") \(row[1] ?? "") \(dimensions) \(row[3] ?? "") \(row[4] ?? "") x\(row[5] ?? "")"
    }
    let wanted = found.filter { !$0.contains(" w_") }
    #expect(Set(told) == Set(wanted) && !told.isEmpty, "\(Set(wanted).symmetricDifference(told).prefix(5))")
    let untold = try database.query(
      """
      with told as (
        select distinct on (row ->> 'subscription', row ->> 'meter', row ->> 'period_start')
          row ->> 'subscription' as subscription, row ->> 'meter' as meter, (row ->> 'period_start')::timestamptz as period_start,
          row ->> 'quantity' as quantity
        from meterd.changes_since(0, 1000000) where kind = 'period_usage'
        order by row ->> 'subscription', row ->> 'meter', row ->> 'period_start', cursor desc
      )
      select u.subscription, u.meter, u.period_start, u.quantity, t.quantity
      from meterd.period_usage u
      left join told t on t.subscription = u.subscription and t.meter = u.meter and t.period_start = u.period_start
      where u.quantity::text is distinct from t.quantity and u.meter not like 'w\\_%' and u.meter <> 'latest'
      """)
    #expect(untold == [])
  }

  /// Every partition through decoder, tally and ledger, flushed at random moments.
  private func count(_ log: HostileLog, _ url: String, _ periods: PeriodBooks, _ seed: UInt64) throws {
    _ = try Schema.migrate(url)
    let catalog = Catalog(target: url)
    _ = try catalog.apply(
      CatalogContents(meters: Self.definitions), actor: "me", source: "test", dryRun: false,
      bounds: Periods.Bounds(window: .hours(1), past: .days(35))
    ) { _ in Periods.Outlook() }
    let window = TimeSpan(nanoseconds: log.settings.rollupWindow.components.seconds * 1_000_000_000)
    let installation = try catalog.installation(window: window)
    let rules = MeterRules(meters: try catalog.meters(), seed: installation.seed)
    let counting = Counting(log, seed: seed, faults: .none)
    let ledger = Ledger(
      pool: Pool(target: url, connections: 1, name: "test"), owner: "test", uniqueMax: 65_536, dedupeWindow: .hours(24))
    var dice = Dice(seed)
    var decoder = Decoder(eventBytesMax: HostileLog.eventBytesMax)
    var events = EventBatch()
    for (number, records) in log.partitions.enumerated() {
      if number > 0 { try periods.subscribe() }
      let claim = try wait { ledger.claim(TopicPartition(topic: "t", partition: Int32(number)), lane: 0, then: $0) }
        .get()
      let begin = records.first?.offset ?? 0
      _ = try wait { ledger.begin(claim, at: begin, lane: 0, then: $0) }.get()
      var tally = Tally(
        partition: claim.partition, epoch: claim.epoch, cursor: begin, highWaterMs: 0, rules: counting.tallyRules)
      var next = 0
      while next < records.count {
        let end = min(records.count, next + 1 + dice.below(300))
        let batch = counting.batch(records[next..<end])
        next = end
        var decoded = 0
        while decoded < batch.records.count {
          decoded = decoder.decode(batch, from: decoded, rules, into: &events)
          let now = Instant(nanoseconds: Int64(log.settings.now.nanoseconds))
          if dice.once(in: 3) { tally.evict { _ in dice.once(in: 2) } }
          while case .cold(let keys) = tally.apply(batch, events, now: now) {
            guard !keys.isEmpty else { throw Counting.StillCold() }
            let windows = counting.tallyRules.windows
            let sums = try wait {
              ledger.storedSums(of: claim.partition, keys, windows, lane: 0, then: $0)
            }.get()
            tally.admit(keys, sums)
          }
        }
        let flush = tally.seal()
        let outcome = wait { ledger.commit(flush, lane: 0, then: $0) }
        #expect(outcome == .committed)
        tally.committed(flush.number)
      }
    }
  }

  private func wait<Answer: Sendable>(_ call: (@escaping @Sendable (Answer) -> Void) -> Void) -> Answer {
    Awaited.answer(call)
  }

  @Test func `a unique meter beyond its bound keeps a sketch whose estimate is near, whatever the order`() throws {
    let url = try PostgresCluster.shared.createDatabase("sketch")
    _ = try Schema.migrate(url)
    let database = try Database(url)
    try database.execute(
      "insert into meterd.meter (name, event, aggregate, value_path, scale, dimensions) values ('users', 'e', 'unique', 'id', 0, '{}')"
    )
    let ledger = Ledger(
      pool: Pool(target: url, connections: 1, name: "test"), owner: "test", uniqueMax: 1_000, dedupeWindow: .hours(24))
    var estimates: Set<String> = []
    for partition in 0..<2 as Range<Int32> {
      var dice = Dice(5)
      var hashes = (0..<20_000).map { _ in SeriesKey(high: dice.next(), low: dice.next()) }
      var order = Dice(UInt64(partition) + 99)
      hashes = order.shuffled(hashes)
      let claim = try wait { ledger.claim(TopicPartition(topic: "t", partition: partition), lane: 0, then: $0) }.get()
      _ = try wait { ledger.begin(claim, at: 0, lane: 0, then: $0) }.get()
      let series = SeriesKey(high: 1, low: UInt64(partition))
      var from: Int64 = 0
      while from < 20_000 {
        let to = min(20_000, from + 1 + Int64(order.below(6_000)))
        var verdicts = VerdictCounts()
        verdicts[.counted] = to - from
        let flush = Flush(
          number: to, partition: claim.partition, epoch: claim.epoch, range: OffsetRange(from: from, to: to),
          highWaterMs: 0,
          verdicts: verdicts,
          rollups: [
            RollupDelta(
              series: series, windowStartSeconds: 0, merge: .unique, quantity: Quantity(units: 0, scale: 0),
              events: to - from)
          ],
          values: hashes[Int(from)..<Int(to)].map { DistinctValue(series: series, windowStartSeconds: 0, value: $0) },
          series: SeriesDefinitions([
            SeriesDefinition(key: series, tenant: Array("t\(partition)".utf8), meter: MeterID(1), paths: [], values: [])
          ]),
          identities: [], forgetBeforeMs: 0, quarantined: [], conflicts: [])
        #expect(wait { ledger.commit(flush, lane: 0, then: $0) } == .committed)
        from = to
      }
      let row = try database.query(
        "select quantity, events, approximate from meterd.usage where tenant = 't\(partition)'")[0]
      #expect(row[1] == "20000" && row[2] == "t")
      let estimate = Double(row[0] ?? "") ?? 0
      // 500 to 1,000 values are kept: the standard error is some 4 %.
      #expect(abs(estimate - 20_000) < 20_000 * 0.2, "\(estimate)")
      estimates.insert(row[0] ?? "")
    }
    #expect(estimates.count == 1, "the same values in another order and other flushes are another sketch: \(estimates)")
  }
}
