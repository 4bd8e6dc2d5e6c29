import CBenchCounts
import MeterCore
import MeterModel
import MeterWire

/// One part of the way from bytes to a flush, timed over all batches; what leads up to it is done untimed just before, so that the
/// part finds the processor's caches as it does in a daemon.
struct CoreBench {
  enum Part: String, CaseIterable {
    /// From bytes to events.
    case decode
    /// Time, identity and the page of identities, for events without measures.
    case dedupe
    /// All of `apply`, which is dedupe and the sums.
    case count
    /// Freezing what came together, every `batchesInFlush` batches.
    case seal
    /// Decode, count and seal.
    case core
    /// The same where every meter of every tenant is limited, and its total judged.
    case judge
  }

  struct Result {
    var hash = ResultHash()
    var events = 0
    var nanoseconds: Int64 = 0
    /// Of the later half of the batches, by when all that grows once has grown; sealing aside unless it is the part.
    var allocationsPerEvent = 0.0
    var retainsPerEvent = 0.0

    var nanosecondsPerEvent: Double { Double(nanoseconds) / Double(max(1, events)) }
  }

  enum Mode {
    case time, counts
  }

  let part: Part
  private let batches: [RecordBatch]
  private let tenants: Int

  init(_ part: Part, over batches: [RecordBatch], tenants: Int) {
    self.part = part
    self.batches = batches
    self.tenants = tenants
  }

  func run(_ mode: Mode) -> Result {
    let rules = Workshop.meterRules(areLimited: part == .judge)
    var decoder = Decoder(eventBytesMax: Workshop.eventBytesMax)
    var events = EventBatch()
    var tally = Workshop.tally()
    if part == .judge { tally.admit(Workshop.standings(ofTenants: tenants, rules)) }
    var result = Result()
    var meter = Meter(mode)
    for index in batches.indices {
      let isSteady = index >= batches.count / 2
      var next = 0
      repeat {
        switch part {
        case .decode:
          meter.start(isSteady)
          next = decoder.decode(batches[index], from: next, rules, into: &events)
          meter.stop()
          result.hash.fold(events)
        case .dedupe:
          next = decoder.decode(batches[index], from: next, rules, into: &events)
          for at in events.events.indices { events.events[at].measureCount = 0 }
          meter.start(isSteady)
          _ = tally.apply(batches[index], events, now: Workshop.now)
          meter.stop()
        case .count:
          next = decoder.decode(batches[index], from: next, rules, into: &events)
          meter.start(isSteady)
          _ = tally.apply(batches[index], events, now: Workshop.now)
          meter.stop()
        case .seal:
          next = decoder.decode(batches[index], from: next, rules, into: &events)
          _ = tally.apply(batches[index], events, now: Workshop.now)
        case .core, .judge:
          meter.start(isSteady)
          next = decoder.decode(batches[index], from: next, rules, into: &events)
          _ = tally.apply(batches[index], events, now: Workshop.now)
          meter.stop()
        }
      } while next < batches[index].records.count
      result.events += batches[index].records.count
      if isSteady { meter.events += batches[index].records.count }
      let isDue = (index + 1) % Workshop.batchesInFlush == 0 || index + 1 == batches.count
      if isDue, part != .decode {
        let isTimed = part == .seal || part == .core || part == .judge
        if isTimed { meter.start(isSteady) }
        let flush = tally.seal()
        if isTimed { meter.stop() }
        result.hash.fold(flush)
      }
    }
    result.nanoseconds = meter.watch.nanoseconds
    result.allocationsPerEvent = Double(meter.allocations) / Double(max(1, meter.events))
    result.retainsPerEvent = Double(meter.retains) / Double(max(1, meter.events))
    return result
  }

  /// Measures the stretch between `start` and `stop`: by the clock, or by counting, never both.
  private struct Meter {
    private let mode: Mode
    private var isCounting = false
    var watch = Stopwatch()
    var events = 0
    var allocations: UInt64 = 0
    var retains: UInt64 = 0

    init(_ mode: Mode) { self.mode = mode }

    mutating func start(_ isSteady: Bool) {
      switch mode {
      case .time: watch.start()
      case .counts:
        isCounting = isSteady
        if isSteady { bench_counts_begin() }
      }
    }

    mutating func stop() {
      if mode == .time { return watch.stop() }
      guard isCounting else { return }
      bench_counts_end()
      allocations += bench_counts_allocations()
      retains += bench_counts_retains()
      isCounting = false
    }
  }
}
