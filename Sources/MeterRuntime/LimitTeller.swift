import Dispatch
import KafkaEdge
import MeterConfig
import MeterModel
import MeterTelemetry
import PostgresEdge
import Synchronization

/// Tells people and programs what was told of limits: behind each commit, lines of the limit log and records of the limit topic, in the
/// order of the commits, each at least once. Billing never waits for it: what cannot be written is counted, reported and tried again.
final class LimitTeller: Sendable {
  private static let every = DispatchTimeInterval.seconds(1)
  private static let atOnce = 1_000
  /// An empty log begins with no more than that.
  private static let history: Int64 = 10_000

  private struct State: ~Copyable {
    var file: LimitLog?
    /// The last one in the file; nil while nobody has looked.
    var told: Int64?
    var isBusy = false
    /// Somebody has called meanwhile.
    var isWanted = false
    var isPublishing = false
    var isPublishingWanted = false
    /// Of the log and of the topic.
    var lastFailures: [String: String] = [:]
  }

  private let pool: Pool
  private let newest: Int64
  private let topic: String
  private let producer: TopicProducer?
  private let log: Log
  private let lines: Counter
  private let records: Counter
  private let failures: Counter
  private let queue = DispatchQueue(label: "meterd.limits.tell")
  private let state: Mutex<State>

  /// `newest` is the last event that was told before this daemon began.
  init(
    _ settings: Settings, pool: Pool, newest: Int64, producer: TopicProducer?, metrics: Metrics, log: Log
  ) {
    self.pool = pool
    self.newest = newest
    self.producer = producer
    self.log = log
    topic = settings.kafka.limitTopic
    lines = metrics.counter("meterd_limit_log_lines_total", help: "Lines written to the limit log.")
    records = metrics.counter("meterd_limit_topic_records_total", help: "Records handed to the limit topic.")
    failures = metrics.counter(
      "meterd_limit_log_failures_total",
      help: "Attempts to write to the limit log or topic that failed and are repeated.")
    let place = settings.limitLog
    state = Mutex(
      State(
        file: place.path.isEmpty
          ? nil : LimitLog(path: place.path, sizeMax: Int(place.maxSize.bytes), keep: place.keep)))
  }

  func start() { tick() }

  private func tick() {
    wake()
    queue.asyncAfter(deadline: .now() + Self.every) { [weak self] in self?.tick() }
  }

  /// Something may have been told.
  func wake() {
    queue.async { [self] in
      write()
      publish()
    }
  }

  /// The file may have been moved away.
  func reopen() { queue.async { [self] in state.withLock { $0.file?.reopen() } } }

  // The log.

  private func write() {
    let from = state.withLock { state -> Int64? in
      guard state.file != nil else { return nil }
      if state.isBusy {
        state.isWanted = true
        return nil
      }
      state.isBusy = true
      if let told = state.told { return told }
      // A line from another database is no bookmark of this one.
      let written = state.file?.lastLine().flatMap(Self.seq).flatMap { $0 <= newest ? $0 : nil }
      let last = written ?? max(0, newest - Self.history)
      state.told = last
      return last
    }
    guard let from else { return }
    LimitEvents().after(from, atMost: Self.atOnce, on: pool) { [self] answer in
      queue.async { [self] in
        let goesOn = take(answer)
        let isWanted = state.withLock { state in
          defer { (state.isBusy, state.isWanted) = (false, false) }
          return state.isWanted
        }
        if goesOn || isWanted { write() }
      }
    }
  }

  /// True if there may be more.
  private func take(_ answer: Result<[LimitEvents.Event], PostgresError>) -> Bool {
    // A failure is told by the question about the catalog; the next second asks again.
    guard case .success(let events) = answer else { return false }
    for event in events {
      let failure = state.withLock { state -> String? in
        do throws(LimitLog.Failure) {
          try state.file?.write(event.json + [UInt8(ascii: "\n")])
          state.told = event.seq
          return nil
        } catch {
          return error.words
        }
      }
      report(failure, "the limit log cannot be written; it is tried again")
      if failure != nil { return false }
      lines.add()
    }
    return events.count == Self.atOnce
  }

  /// Each failure is counted, and told when it is another one.
  private func report(_ failure: String?, _ words: String) {
    let isNew = state.withLock { state in
      defer { state.lastFailures[words] = failure }
      return failure != state.lastFailures[words]
    }
    guard let failure else { return }
    failures.add()
    if isNew { log.warn(words, ["detail": .string(failure)]) }
  }

  /// Of a line: `{"seq":42,…`.
  private static func seq(_ line: [UInt8]) -> Int64? {
    let head = Array("{\"seq\":".utf8)
    guard line.starts(with: head) else { return nil }
    return Int64(String(decoding: line.dropFirst(head.count).prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
  }

  // The topic.

  private func publish() {
    guard let producer else { return }
    let isFree = state.withLock { state in
      if state.isPublishing {
        state.isPublishingWanted = true
        return false
      }
      state.isPublishing = true
      return true
    }
    guard isFree else { return }
    LimitEvents.publish(to: topic, atMost: Self.atOnce, on: pool) { [self] events in
      let failure = producer.send(
        events.map { TopicProducer.Record(key: Array($0.tenant.utf8), value: $0.json) })
      report(failure, "the limit topic takes no records; it is tried again")
      if failure == nil { records.add(events.count) }
      return failure == nil
    } then: { [self] answer in
      queue.async { [self] in
        let isWanted = state.withLock { state in
          defer { (state.isPublishing, state.isPublishingWanted) = (false, false) }
          return state.isPublishingWanted
        }
        let isMore = if case .success(let count) = answer { count == Self.atOnce } else { false }
        if isWanted || isMore { publish() }
      }
    }
  }
}
