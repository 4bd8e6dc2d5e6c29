import CBenchCounts
import Glibc
import MeterCore
import MeterModel
import MeterWire

/// What the core holds when one tenant sends ever new dimension values, from which its memory must not grow.
///
/// Every event is whole JSON with a new id and a new value. Identities are remembered for a minute only, so that they stay as many
/// and do not hide what the values cost; flushes are let go as soon as they are sealed.
struct ValuesBench {
  struct Row {
    var values: Int
    /// What the heap has handed out, and how much of it the tables of identities and of series say is theirs.
    var heapBytes: Int
    var identityBytes: Int
    var seriesBytes: Int
    /// What the system has given the process.
    var residentBytes: Int
  }

  struct Result {
    var hash = ResultHash()
    var rows: [Row] = []

    /// What each new value after the first row added to the heap at most, identities aside. Tables that double and are emptied make
    /// the rows uneven, so the worst one counts.
    var growth: Double {
      guard let first = rows.first else { return 0 }
      let grown = rows.dropFirst().map { row in
        let bytes = row.heapBytes - row.identityBytes - (first.heapBytes - first.identityBytes)
        return Double(bytes) / Double(max(1, row.values - first.values))
      }
      return max(0, grown.max() ?? 0)
    }
  }

  /// Looked at when so many values were seen; in rising order.
  let marks: [Int]

  func run() -> Result {
    var result = Result()
    let rules = Workshop.meterRules()
    var decoder = Decoder(eventBytesMax: Workshop.eventBytesMax)
    var events = EventBatch()
    var batch = RecordBatch()
    var tally = Workshop.tally(dedupeWindow: .minutes(1))
    var text: [UInt8] = []
    var seen = 0
    var batches = 0
    let heapBefore = Int(bench_counts_heap_bytes())
    for mark in marks {
      while seen < mark {
        batch.removeAll()
        for _ in 0..<min(Workshop.recordsInBatch, mark - seen) {
          write(seen, to: &text)
          unsafe text.withUnsafeBytes {
            unsafe batch.append(offset: Int64(seen), timestampMs: Workshop.startMs + Int64(seen), value: $0)
          }
          seen += 1
        }
        batch.close()
        var next = 0
        repeat {
          next = decoder.decode(batch, from: next, rules, into: &events)
          _ = tally.apply(batch, events, now: Workshop.now)
        } while next < batch.records.count
        batches += 1
        if batches % Workshop.batchesInFlush == 0 { result.hash.fold(tally.seal()) }
      }
      // What waits for the next flush is no memory of values.
      result.hash.fold(tally.seal())
      let size = tally.size
      result.rows.append(
        Row(
          values: seen, heapBytes: Int(bench_counts_heap_bytes()) - heapBefore, identityBytes: size.identityBytes,
          seriesBytes: size.seriesBytes, residentBytes: Self.residentBytes))
    }
    return result
  }

  private func write(_ index: Int, to text: inout [UInt8]) {
    text.removeAll(keepingCapacity: true)
    text += #"{"specversion":"1.0","id":"e"#.utf8
    text += String(index).utf8
    text +=
      #"","source":"/gateway","type":"api.call","subject":"tenant-0001","data":{"endpoint":"/v1/item/"#.utf8
    text += String(index).utf8
    text += #"","region":"eu-west"}}"#.utf8
  }

  /// The second word of statm, in pages.
  private static var residentBytes: Int {
    let descriptor = unsafe open("/proc/self/statm", O_RDONLY)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var text = [UInt8](repeating: 0, count: 128)
    let room = text.count
    let count = unsafe text.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, room) }
    let words = text.prefix(max(0, count)).split(separator: 0x20)
    return words.count > 1
      ? (Int(String(decoding: words[1], as: UTF8.self)) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }
}
