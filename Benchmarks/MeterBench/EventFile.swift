import Glibc
import MeterCore
import MeterLab
import MeterModel
import MeterWire

/// The stream's events in a file, one a line, so that another program can count the very same ones.
enum EventFile {
  private static let pieceBytes = 1 << 20

  static func make(_ path: String, events: Int, duplicatePercent: Int) throws {
    var stream = try Workshop.stream(duplicatePercent: duplicatePercent)
    guard let file = unsafe fopen(path, "w") else { throw trouble(path, "cannot be written", .cannotWrite) }
    var record = GeneratedRecord()
    var isWritten = true
    for _ in 0..<events {
      stream.next(into: &record)
      record.value.append(10)
      isWritten = unsafe record.value.withUnsafeBytes {
        unsafe fwrite($0.baseAddress, 1, $0.count, file) == $0.count
      }
      if !isWritten { break }
    }
    isWritten = unsafe fclose(file) == 0 && isWritten
    if !isWritten { throw trouble(path, "cannot be written", .cannotWrite) }
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
            offset: Int64(outcome.events), timestampMs: Workshop.startMs + Int64(outcome.events),
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
    var meters: [SeriesKey: Int] = [:]
    var groups: Set<Group> = []
    for flush in flushes {
      for definition in flush.series { meters[definition.key] = Int(definition.meter.number) - 1 }
      for rollup in flush.rollups {
        guard let meter = meters[rollup.series] else { preconditionFailure("a series is defined before it is counted") }
        outcome.totals[meter].units += rollup.quantity.units
        groups.insert(Group(series: rollup.series, window: rollup.windowStartSeconds))
      }
      outcome.counted += flush.verdicts[.counted]
      outcome.hash.fold(flush)
    }
    outcome.groups = groups.count
  }

  private static func trouble(_ path: String, _ problem: String, _ status: ExitStatus) -> Complaint {
    Complaint(status, at: "file '\(path)'", problem, remedy: "name another file")
  }
}
