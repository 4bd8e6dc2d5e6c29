import MeterCore
import MeterModel
import MeterWire

/// The events, the catalog and the bounds that every bench has in common.
enum Workshop {
  static let seed: UInt64 = 20_260_101
  /// What an event has about, for room that is set aside.
  static let eventBytes = 300
  static let eventBytesMax = 1 << 20
  /// A batch of the drain, and how many of them are counted between two seals: 65,536 events.
  static let recordsInBatch = 1_024
  static let batchesInFlush = 64
  /// As the stream's clock: one event a millisecond from the first instant of 2026.
  static let startMs: Int64 = 1_767_225_600_000
  static let now = Instant(saturatingMilliseconds: startMs + 365 * 86_400_000)

  /// One meter for every type of the stream, as in the sample catalog.
  static let meters: [Meter] = [
    MeterDefinition(name: "api_calls", event: "api.call", aggregate: .count, dimensions: ["endpoint", "region"]),
    MeterDefinition(
      name: "tokens", event: "llm.tokens", aggregate: .sum, value: "tokens", scale: 0, dimensions: ["model"]),
    MeterDefinition(name: "deployments", event: "chain.deployment", aggregate: .count, dimensions: ["chain"]),
    MeterDefinition(
      name: "storage", event: "storage.sample", aggregate: .sum, value: "gigabytes", scale: 3, dimensions: ["volume"]),
  ].enumerated().map { Meter(id: MeterID(Int32($0) + 1), definition: $1) }

  static func meterRules(areLimited: Bool = false) -> MeterRules {
    MeterRules(
      meters: meters.map { Meter(id: $0.id, definition: $0.definition, isLimited: areLimited) }, seed: seed)
  }

  /// The same of all tenants of a stream.
  static func standings(ofTenants count: Int, _ rules: MeterRules) -> Standings {
    standings(of: (0..<count).map { rules.key(ofTenant: UsageEvent.name(ofTenant: $0)) })
  }

  /// What a database would say of tenants whose plan limits every meter, far above what a bench brings.
  static func standings(of tenants: some Sequence<SeriesKey>) -> Standings {
    let month = WindowGrid(length: .hours(1)).number(of: Instant(saturatingMilliseconds: startMs))
    let windows = month..<month + 31 * 24
    let rules = meters.map { meter in
      LimitRule(
        plan: 1,
        terms: LimitTerms(
          included: Quantity(units: 1_000_000_000_000, scale: 0), mode: .block,
          warnAt: [50, 80, 90].map { Quantity(units: $0, scale: 0) }), scale: meter.definition.quantityScale)
    }
    return Standings(
      all: tenants.map { tenant in
        Standing(
          key: tenant, windows: windows,
          accounts: zip(meters, rules).enumerated().map { number, pair in
            Standing.Account(
              period: PeriodID(Int64(truncatingIfNeeded: tenant.low >> 1)), meter: pair.0.id, windows: windows,
              rule: pair.1, total: 0)
          })
      }, flush: 0)
  }

  static func tally(dedupeWindow: TimeSpan = .hours(24)) -> Tally {
    Tally(
      partition: PartitionNumber(1), epoch: Epoch(1), cursor: 0, highWaterMs: startMs,
      rules: Tally.Rules(
        windows: WindowGrid(length: .hours(1)), dedupeWindow: dedupeWindow, pastMax: .days(35), futureMax: .minutes(10),
        seriesMax: 10_000)
    )
  }

  /// All events in memory, as a drain would have handed them over, and a line of what they are like.
  static func batches(events: Int, tenants: Int, duplicatePercent: Int) -> (batches: [RecordBatch], shares: String) {
    var stream = UsageStream(tenants: tenants, duplicatePercent: duplicatePercent)
    var text: [UInt8] = []
    var batches: [RecordBatch] = []
    for first in stride(from: 0, to: events, by: recordsInBatch) {
      var batch = RecordBatch()
      batch.reserve(records: recordsInBatch, bytes: recordsInBatch * eventBytes)
      for offset in first..<min(events, first + recordsInBatch) {
        stream.next(into: &text)
        unsafe text.withUnsafeBytes {
          unsafe batch.append(offset: Int64(offset), timestampMs: UsageStream.stampMs(offset), value: $0)
        }
      }
      batch.close()
      batches.append(batch)
    }
    return (batches, stream.shares)
  }
}
