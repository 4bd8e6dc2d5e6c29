import Glibc
import MeterCore
import MeterModel
import MeterWire

/// Counts lines as a lane counts records, and adds its flushes up as the database would.
struct FileCount: ~Copyable {
  struct Outcome {
    var hash = ResultHash()
    var events = 0
    var counted: Int64 = 0
    /// Of the whole process, from opening the file to the last seal, less the adding up.
    var nanoseconds: Int64 = 0
    /// What each meter of the workshop came to.
    var totals: [Quantity]
    var groups = 0
    /// Of every row of every series and window, whatever their order; anybody can work it out from the rows alone.
    var rows: UInt64 = 0
  }

  private struct Group: Hashable {
    var series: SeriesKey
    var window: Int64
  }

  /// As much as stays in the processor's cache.
  private static let pieceBytes = 256 << 10

  var watch = Stopwatch(.process)
  private let rules = Workshop.meterRules()
  private var decoder = Decoder(eventBytesMax: Workshop.eventBytesMax)
  private var events = EventBatch()
  private var tally = Workshop.tally()
  private var batch = RecordBatch()
  /// A line that is not whole yet.
  private var rest: [UInt8] = []
  private var sinceSeal = 0
  private var lines = 0
  private var outcome = Outcome(
    totals: Workshop.meters.map { Quantity(units: 0, scale: $0.definition.quantityScale) })
  private var definitions: [SeriesKey: SeriesDefinition] = [:]
  private var groups: [Group: (units: Int128, events: Int64)] = [:]

  init() { batch.reserve(records: Workshop.recordsInBatch, bytes: 2 * Self.pieceBytes) }

  /// Takes all whole lines of what `read` brings, as one batch, and keeps the rest for the next one. What comes back is what `read` said;
  /// nil at the end.
  mutating func take(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int? {
    if batch.byteCount == 0, !rest.isEmpty {
      _ = unsafe batch.fill(upTo: rest.count) { room in
        unsafe room.copyBytes(from: rest)
        return rest.count
      }
    }
    var got = 0
    let range = unsafe batch.fill(upTo: Self.pieceBytes) { room in
      got = unsafe read(room)
      return max(0, got)
    }
    guard got > 0 else { return got < 0 ? got : nil }
    takeLines(until: range.upperBound)
    return got
  }

  private mutating func takeLines(until end: Int) {
    var start = 0
    let text = batch.arena
    unsafe text.withUnsafeBytes { text in
      while let found = unsafe memchr(text.baseAddress! + start, 10, end - start) {
        let line = unsafe UnsafeRawPointer(found) - text.baseAddress!
        batch.append(offset: Int64(lines), timestampMs: UsageStream.stampMs(lines), at: start..<line)
        lines += 1
        start = line + 1
      }
    }
    rest = Array(text[start..<end])
    if !batch.isEmpty { take() }
  }

  mutating func finish() -> Outcome {
    // A last line without an end is a line.
    if !rest.isEmpty {
      batch.append(offset: Int64(lines), timestampMs: UsageStream.stampMs(lines), at: 0..<rest.count)
      lines += 1
      take()
    }
    seal()
    watch.stop()
    nameGroups()
    outcome.events = lines
    outcome.nanoseconds = watch.nanoseconds
    return outcome
  }

  private mutating func take() {
    batch.close()
    var next = 0
    repeat {
      next = decoder.decode(batch, from: next, rules, into: &events)
      _ = tally.apply(batch, events, now: Workshop.now)
    } while next < batch.records.count
    sinceSeal += batch.records.count
    batch.removeAll()
    if sinceSeal >= Workshop.recordsInBatch * Workshop.batchesInFlush { seal() }
  }

  private mutating func seal() {
    let flush = tally.seal()
    sinceSeal = 0
    watch.stop()
    add(flush)
    tally.committed(flush.number)
    watch.start()
  }

  private mutating func add(_ flush: Flush) {
    for definition in flush.series { definitions[definition.key] = definition }
    for rollup in flush.rollups {
      let group = Group(series: rollup.series, window: rollup.windowStartSeconds)
      let sum = groups[group, default: (0, 0)]
      groups[group] = (sum.units + rollup.quantity.units, sum.events + rollup.events)
    }
    outcome.counted += flush.verdicts[.counted]
    outcome.hash.fold(flush)
  }

  private mutating func nameGroups() {
    outcome.groups = groups.count
    for (group, sum) in groups {
      guard let series = definitions[group.series] else {
        preconditionFailure("a series is defined before it is counted")
      }
      let meter = Int(series.meter.number) - 1
      outcome.totals[meter].units += sum.units
      let quantity = Quantity(units: sum.units, scale: outcome.totals[meter].scale)
      let name = Workshop.meters[meter].definition.name
      let words =
        [Array(name.utf8), series.tenant] + series.values
        + ["\(group.window)", "\(quantity)", "\(sum.events)"].map { Array($0.utf8) }
      outcome.rows &+= ResultHash.fnv(words.joined(separator: [0x7C]))
    }
  }
}
