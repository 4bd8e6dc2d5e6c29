import CBenchCounts
import MeterCore
import MeterModel

/// What a series and an identity cost in memory. Both stand in tables that double, so the cost lies between two bounds: just before
/// a table doubles and just after.
struct TableBench {
  enum Part: String, CaseIterable {
    /// Series of one meter, none of which is sealed.
    case series
    case identities
    /// Totals of limited meters, four for each tenant.
    case accounts
  }

  struct Result {
    var hash = ResultHash()
    var count = 0
    var fullest = Double.infinity
    var emptiest = 0.0
    /// What the heap grew by at the end, with definitions or pages that wait for the next flush, an entry.
    var heapPerEntry = 0.0
  }

  let part: Part
  let count: Int

  func run() -> Result {
    if part == .accounts { return accounts() }
    var result = Result()
    var tally = Workshop.tally()
    var batch = RecordBatch()
    var events = EventBatch()
    events.meters = [Workshop.meters[0]]
    let heapBefore = bench_counts_heap_bytes()
    for first in stride(from: 0, to: count, by: Workshop.recordsInBatch) {
      let range = first..<min(count, first + Workshop.recordsInBatch)
      fill(&batch, &events, range)
      _ = tally.apply(batch, events, now: Workshop.now)
      let size = tally.size
      let (entries, bytes) =
        part == .series ? (size.series, size.seriesBytes) : (size.identities, size.identityBytes)
      let each = Double(bytes) / Double(max(1, entries))
      // Small tables are not what memory is spent on.
      if entries * 4 > count {
        result.fullest = min(result.fullest, each)
        result.emptiest = max(result.emptiest, each)
      }
      result.count = entries
      // Identities are remembered after the seal; their pages are not.
      if part == .identities { result.hash.fold(tally.seal()) }
    }
    result.heapPerEntry = (Double(bench_counts_heap_bytes()) - Double(heapBefore)) / Double(max(1, result.count))
    if part == .series { result.hash.fold(tally.seal()) }
    return result
  }

  private func accounts() -> Result {
    var result = Result()
    var tally = Workshop.tally()
    let heapBefore = bench_counts_heap_bytes()
    for first in stride(from: 0, to: count / 4, by: 1_000) {
      let tenants = (first..<min(count / 4, first + 1_000)).map { index in
        SeriesKey(high: Self.spread(~UInt64(index)), low: Self.spread(UInt64(index)))
      }
      tally.admit(Workshop.standings(of: tenants))
      result.count += tenants.count * 4
      let each = Double(tally.size.accountBytes) / Double(result.count)
      guard result.count * 4 > count else { continue }
      result.fullest = min(result.fullest, each)
      result.emptiest = max(result.emptiest, each)
    }
    result.heapPerEntry = (Double(bench_counts_heap_bytes()) - Double(heapBefore)) / Double(max(1, result.count))
    return result
  }

  private func fill(_ batch: inout RecordBatch, _ events: inout EventBatch, _ range: Range<Int>) {
    batch.removeAll()
    events.removeAll()
    for index in range {
      unsafe batch.append(offset: Int64(index), timestampMs: Workshop.startMs, value: nil)
      var event = EventBatch.Event(record: Int32(index - range.lowerBound), place: 0, payload: .empty)
      event.finding = .measurable
      event.identity = Self.spread(UInt64(index))
      event.firstMeasure = Int32(events.measures.count)
      if part == .series {
        event.measureCount = 1
        events.measures.append(
          EventBatch.Measure(
            series: SeriesKey(high: Self.spread(~UInt64(index)), low: event.identity), meter: 0, id: MeterID(1),
            aggregate: .count, scale: 0, firstDimension: Int32(events.dimensions.count), dimensionCount: 0, units: 1))
      }
      events.events.append(event)
    }
    batch.close()
    events.records = 0..<range.count
  }

  private static func spread(_ number: UInt64) -> UInt64 {
    Draw.mix((number &+ Workshop.seed) &* 0x9E37_79B9_7F4A_7C15)
  }
}
