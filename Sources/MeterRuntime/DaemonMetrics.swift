import MeterModel
import MeterTelemetry
import PostgresEdge

/// The daemon's own metrics, made once. What concerns a partition carries its topic and number; nothing ever carries a tenant.
final class DaemonMetrics: Sendable {
  private let verdicts: [Counter]
  private let replays: [Counter]
  private let bytes: Counter
  private let flushSeconds: Histogram
  private let flushedRows: Counter
  private let flushes: Counter
  let retries: Counter
  let loads: Counter
  let doubts: Counter
  let fences: Counter
  /// Tenants whose limits were fetched.
  let standings: Counter
  private let crossings: [String: Counter]
  private let resolutions: [String: Counter]

  enum Resolved: String {
    case committed
    case absent
    case refused
  }

  init(_ metrics: Metrics, board: Board, memoryBudget: Int64, knownEnd: @escaping @Sendable (TopicPartition) -> Int64?)
  {
    verdicts = Verdict.allCases.map {
      metrics.counter("meterd_events_total", help: "Events by their verdict.", labels: ["verdict": $0.name])
    }
    replays = Verdict.allCases.map {
      metrics.counter(
        "meterd_replays_total", help: "Quarantined events that were replayed, by their verdict then.",
        labels: ["verdict": $0.name])
    }
    bytes = metrics.counter("meterd_read_bytes_total", help: "Bytes of records read, headers included.")
    flushSeconds = metrics.histogram(
      "meterd_flush_seconds", help: "Time from sending a sealed flush to its acknowledgement.", bounds: .latency)
    flushedRows = metrics.counter("meterd_flush_rows_total", help: "Rows written by flushes.")
    flushes = metrics.counter("meterd_flushes_total", help: "Flushes committed.")
    loads = metrics.counter(
      "meterd_window_loads_total", help: "Times that windows which were not in memory were fetched from PostgreSQL.")
    standings = metrics.counter(
      "meterd_limit_loads_total",
      help: "Times that limits and totals were fetched from PostgreSQL for whom they concern.")
    crossings = Dictionary(
      uniqueKeysWithValues: ["warning", "limit", "exceeded", "overage", "recovered", "trial"].map { kind in
        (
          kind,
          metrics.counter(
            "meterd_limit_events_total", help: "Limit events that this daemon told of, by kind.", labels: ["kind": kind]
          )
        )
      })
    retries = metrics.counter(
      "meterd_postgres_retries_total", help: "Calls to PostgreSQL that failed and are repeated.")
    doubts = metrics.counter("meterd_flush_doubts_total", help: "Flushes whose acknowledgement was lost.")
    fences = metrics.counter(
      "meterd_fences_total", help: "Flushes that the database refused because another daemon owns the partition.")
    var resolutions: [String: Counter] = [:]
    for outcome in [Resolved.committed, .absent, .refused] {
      resolutions[outcome.rawValue] = metrics.counter(
        "meterd_flush_doubts_resolved_total", help: "Flushes in doubt by what the cursor row said.",
        labels: ["outcome": outcome.rawValue])
    }
    self.resolutions = resolutions
    func total(_ name: String, _ help: String, _ value: @escaping @Sendable (PartitionStatus) -> Int64) {
      metrics.gauge(name, help: help) { board.all.values.reduce(0) { $0 + value($1) } }
    }
    total("meterd_series", "Series and windows whose sums are in memory.") { Int64($0.size?.series ?? 0) }
    total("meterd_series_bytes", "Memory of series.") { Int64($0.size?.seriesBytes ?? 0) }
    total("meterd_identities", "Identities remembered for deduplication.") { Int64($0.size?.identities ?? 0) }
    total("meterd_identity_bytes", "Memory of remembered identities.") { Int64($0.size?.identityBytes ?? 0) }
    total("meterd_limit_accounts", "Limited totals in memory.") { Int64($0.size?.accounts ?? 0) }
    total("meterd_limit_account_bytes", "Memory of limited totals.") { Int64($0.size?.accountBytes ?? 0) }
    total("meterd_pending_bytes", "Memory of counts that are not yet committed.") { Int64($0.size?.pendingBytes ?? 0) }
    total("meterd_partitions", "Partitions that stay with this daemon.") { _ in 1 }
    total("meterd_partitions_halted", "Partitions that are not read until an operator decides.") { status in
      status.halt == nil ? 0 : 1
    }
    metrics.gauge("meterd_memory_budget_bytes", help: "What memory.budget allows.") { memoryBudget }
    metrics.gauge("meterd_memory_bytes", help: "Memory of counts, series and identities together.") {
      board.all.values.reduce(0) {
        $0 + Int64($1.size.map { $0.identityBytes + $0.seriesBytes + $0.accountBytes + $0.pendingBytes } ?? 0)
      }
    }
    self.metrics = metrics
    self.board = board
    self.knownEnd = knownEnd
  }

  private let metrics: Metrics
  private let board: Board
  private let knownEnd: @Sendable (TopicPartition) -> Int64?

  func count(_ given: VerdictCounts, bytes: Int) {
    for verdict in Verdict.allCases where given[verdict] > 0 { verdicts[Int(verdict.rawValue)].add(given[verdict]) }
    self.bytes.add(bytes)
  }

  func replayed(_ given: VerdictCounts) {
    for verdict in Verdict.allCases where given[verdict] > 0 { replays[Int(verdict.rawValue)].add(given[verdict]) }
  }

  func flushed(_ flush: Flush, nanoseconds: Int64) {
    flushSeconds.observe(nanoseconds)
    flushedRows.add(flush.rows)
    flushes.add()
  }

  func told(_ event: LimitStanding.Event) {
    switch event {
    case .recovered: crossings["recovered"]?.add()
    case .reached(let step): crossings["\(step.kind)"]?.add()
    }
  }

  func toldTrial() { crossings["trial"]?.add() }

  func resolved(_ outcome: Resolved) { resolutions[outcome.rawValue]?.add() }

  /// Lag of a partition that came to stay; `forget` takes it away again.
  func watch(_ log: TopicPartition) {
    let (board, knownEnd) = (board, knownEnd)
    metrics.gauge(
      "meterd_lag_events", help: "Offsets between what is committed and the end of the log.", labels: labels(log)
    ) {
      guard let status = board.all[log], status.committed >= 0, let end = knownEnd(log) else { return 0 }
      return max(0, end - status.committed)
    }
    metrics.secondsGauge(
      "meterd_lag_seconds", help: "Age of the last record counted while there are more; 0 without lag.",
      labels: labels(log)
    ) {
      guard let status = board.all[log], status.cursor >= 0, let end = knownEnd(log), end > status.cursor,
        status.lastRecordMs >= 0
      else { return 0 }
      return max(0, Double(Clock.wall().nanoseconds / 1_000_000 - status.lastRecordMs) / 1_000)
    }
  }

  func forget(_ log: TopicPartition) {
    metrics.remove("meterd_lag_events", labels: labels(log))
    metrics.remove("meterd_lag_seconds", labels: labels(log))
  }

  private func labels(_ log: TopicPartition) -> [String: String] {
    ["topic": log.topic, "partition": String(log.partition)]
  }
}
