import Glibc
import MeterCore
import MeterModel
import MeterWire

/// The stream's events in a file, one a line, so that another program can count the very same ones.
enum EventFile {
  private static let pieceBytes = 1 << 20

  /// Returns a line of what the events are like.
  static func make(_ path: String, events: Int, tenants: Int, duplicatePercent: Int) throws -> String {
    var stream = UsageStream(tenants: tenants, duplicatePercent: duplicatePercent)
    guard let file = unsafe fopen(path, "w") else { throw trouble(path, "cannot be written", .cannotWrite) }
    var text: [UInt8] = []
    var isWritten = true
    for _ in 0..<events {
      stream.next(into: &text)
      text.append(10)
      isWritten = unsafe text.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
      if !isWritten { break }
    }
    isWritten = unsafe fclose(file) == 0 && isWritten
    if !isWritten { throw trouble(path, "cannot be written", .cannotWrite) }
    return stream.shares
  }

  struct Outcome {
    var hash = ResultHash()
    var events = 0
    var counted: Int64 = 0
    /// Of the whole process, from opening the file to the last seal.
    var nanoseconds: Int64 = 0
    /// What each meter of the workshop came to.
    var totals: [Quantity]
    var groups = 0
    /// Of every row of every series and window, whatever their order; anybody can work it out from the rows alone.
    var rows: UInt64 = 0
  }

  /// Reads, decodes, counts and seals the file. Adding the flushes up afterwards is what the database does, and is not timed.
  static func count(_ path: String) throws -> Outcome {
    let meters = Workshop.meters
    let rules = Workshop.meterRules()
    var outcome = Outcome(
      totals: meters.map { Quantity(units: 0, scale: $0.definition.quantityScale) })
    var flushes: [Flush] = []
    var watch = Stopwatch(.process)
    watch.start()
    let descriptor = unsafe open(path, O_RDONLY)
    guard descriptor >= 0 else { throw trouble(path, "cannot be read", .input) }
    defer { close(descriptor) }
    var decoder = Decoder(eventBytesMax: Workshop.eventBytesMax)
    var events = EventBatch()
    var tally = Workshop.tally()
    var batch = RecordBatch()
    batch.reserve(records: Workshop.recordsInBatch, bytes: Workshop.recordsInBatch * Workshop.eventBytes)
    var batches = 0
    func take() {
      batch.close()
      var next = 0
      repeat {
        next = decoder.decode(batch, from: next, rules, into: &events)
        _ = tally.apply(batch, events, now: Workshop.now)
      } while next < batch.records.count
      batch.removeAll()
      batches += 1
      if batches % Workshop.batchesInFlush == 0 { flushes.append(tally.seal()) }
    }
    var piece = [UInt8](repeating: 0, count: pieceBytes)
    var kept = 0
    while true {
      let got = unsafe piece.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress! + kept, $0.count - kept)
      }
      guard got >= 0 else { throw trouble(path, "cannot be read", .input) }
      if got == 0 { break }
      let end = kept + got
      var start = 0
      while let line = lineEnd(piece, start, end) {
        unsafe piece.withUnsafeBytes {
          unsafe batch.append(
            offset: Int64(outcome.events), timestampMs: UsageStream.stampMs(outcome.events),
            value: UnsafeRawBufferPointer(rebasing: $0[start..<line]))
        }
        outcome.events += 1
        start = line + 1
        if batch.records.count == Workshop.recordsInBatch { take() }
      }
      kept = end - start
      guard kept < piece.count else { throw trouble(path, "has a line of more than \(pieceBytes) bytes", .input) }
      unsafe piece.withUnsafeMutableBytes { unsafe _ = memmove($0.baseAddress!, $0.baseAddress! + start, kept) }
    }
    if !batch.isEmpty { take() }
    flushes.append(tally.seal())
    watch.stop()
    outcome.nanoseconds = watch.nanoseconds
    addUp(flushes, &outcome)
    return outcome
  }

  private static func lineEnd(_ piece: [UInt8], _ start: Int, _ end: Int) -> Int? {
    unsafe piece.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let found = unsafe memchr(base + start, 10, end - start) else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }

  private static func addUp(_ flushes: [Flush], _ outcome: inout Outcome) {
    struct Group: Hashable {
      var series: SeriesKey
      var window: Int64
    }
    var definitions: [SeriesKey: SeriesDefinition] = [:]
    var groups: [Group: (units: Int128, events: Int64)] = [:]
    for flush in flushes {
      for definition in flush.series { definitions[definition.key] = definition }
      for rollup in flush.rollups {
        let group = Group(series: rollup.series, window: rollup.windowStartSeconds)
        let sum = groups[group, default: (0, 0)]
        groups[group] = (sum.units + rollup.quantity.units, sum.events + rollup.events)
      }
      outcome.counted += flush.verdicts[.counted]
      outcome.hash.fold(flush)
    }
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

  private static func trouble(_ path: String, _ problem: String, _ status: ExitStatus) -> Complaint {
    Complaint(status, at: "file '\(path)'", problem, remedy: "name another file")
  }
}
