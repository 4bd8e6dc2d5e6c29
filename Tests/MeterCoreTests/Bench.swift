import MeterModel

@testable import MeterCore

/// What stands at one offset, already decoded.
struct Claim {
  var offset: Int64
  var stampMs: Int64
  var id: UInt64 = 1
  var content: UInt32 = 0
  var time: Instant?
  var finding = EventBatch.Finding.measurable
  var problem: Reason?
  var units: Int128 = 1
  var series: UInt64 = 1
}

let counter = Meter(
  id: MeterID(7), definition: MeterDefinition(name: "m", event: "t", aggregate: .sum, value: "n", scale: 0))

/// Puts decoded claims into the batches that a tally takes.
func batches(_ claims: [Claim]) -> (RecordBatch, EventBatch) {
  var records = RecordBatch()
  var events = EventBatch()
  events.meters = [counter]
  events.records = 0..<claims.count
  for (index, claim) in claims.enumerated() {
    let start = records.byteCount
    unsafe [UInt8]("acme-src-id".utf8).withUnsafeBytes {
      unsafe records.append(offset: claim.offset, timestampMs: claim.stampMs, value: $0)
    }
    var event = EventBatch.Event(
      record: Int32(index), place: 0, payload: EventBatch.Bytes(.arena, start: start, length: 11))
    event.finding = claim.finding
    event.problem = claim.problem
    event.identity = claim.id
    event.content = claim.content
    event.time = claim.time
    event.tenant = EventBatch.Bytes(.arena, start: start, length: 4)
    event.source = EventBatch.Bytes(.arena, start: start + 5, length: 3)
    event.id = EventBatch.Bytes(.arena, start: start + 9, length: 2)
    event.firstMeasure = Int32(events.measures.count)
    event.measureCount = 1
    events.measures.append(
      EventBatch.Measure(
        series: SeriesKey(high: 1, low: claim.series), meter: 0, id: MeterID(7), aggregate: .sum, scale: 0,
        firstDimension: 0, dimensionCount: 0, units: claim.units)
    )
    events.events.append(event)
  }
  records.close()
  return (records, events)
}

/// The hour in which these tests play.
let noonMs: Int64 = 1_795_262_400_000
let noon = Instant(saturatingMilliseconds: noonMs)

let tallyRules = Tally.Rules(
  windows: WindowGrid(length: .hours(1)), dedupeWindow: .hours(24), pastMax: .days(35), futureMax: .minutes(10),
  seriesMax: 100)

func tally(_ rules: Tally.Rules = tallyRules, cursor: Int64 = 0, highWaterMs: Int64 = 0) -> Tally {
  Tally(partition: PartitionNumber(3), epoch: Epoch(9), cursor: cursor, highWaterMs: highWaterMs, rules: rules)
}

extension Tally {
  /// Applies claims as one batch, and says what became of them: a verdict's name and a number each.
  mutating func take(_ claims: Claim..., now: Instant = noon) -> [String] { take(claims, now: now) }

  mutating func take(_ claims: [Claim], now: Instant = noon) -> [String] {
    let (records, events) = batches(claims)
    guard case .applied(let applied) = apply(records, events, now: now) else { return ["cold"] }
    let counts = applied.verdicts
    return Verdict.allCases.filter { counts[$0] > 0 }.map { counts[$0] == 1 ? $0.name : "\($0.name) x\(counts[$0])" }
  }
}

extension Tally {
  /// Looks at one held event again.
  mutating func replay(_ event: HeldEvent, _ claim: Claim, now: Instant = noon) -> [String] {
    let (records, events) = batches([claim])
    guard case .applied(let applied) = replay(event, records, events, now: now) else { return ["cold"] }
    let counts = applied.verdicts
    return Verdict.allCases.filter { counts[$0] > 0 }.map(\.name)
  }

  mutating func coldKeys(_ event: HeldEvent, _ claim: Claim) -> [ColdKey] {
    let (records, events) = batches([claim])
    guard case .cold(let keys) = replay(event, records, events, now: noon) else { return [] }
    return keys
  }
}

extension IdentityTable {
  mutating func insert(
    _ fingerprint: UInt64, content: UInt32, offset: Int64, voided: Bool = false, generation: Int64
  ) {
    insert(
      IdentityPage.Entry(fingerprint: fingerprint, offset: offset, window: 0, content: content, voided: voided),
      generation: generation)
  }
}
