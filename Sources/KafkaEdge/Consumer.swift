import CRdkafka
import Dispatch
import MeterModel
import MeterTelemetry
import Synchronization

/// A member of a consumer group, exact on librdkafka 2.0.2 and on newer ones.
///
/// Each partition that is read has a queue and a thread of its own from which messages are taken by callback. The poll thread only
/// serves the group: it answers a rebalance at once, with nothing assigned, and adds partitions as their claims come, so that no
/// database keeps the group waiting.
///
/// Under eager assignment librdkafka takes assignments whole: a change of what is read stops all readers, which takes as long as
/// the slowest callback, and starts them where they stood. Under cooperative assignment only the partition concerned is touched.
public final class Consumer: Sendable {
  enum Command: Sendable {
    case start(stay: Int, TopicPartition, from: Int64)
    case end(stay: Int, TopicPartition)
    case again(stay: Int, TopicPartition)
    case finish
    case close
  }

  /// Kafka's committed offsets are for people with lag tools; telling them once a second is enough.
  static let adviceEvery: Int64 = 1_000_000_000

  // Properties end in this order, and a queue must end before its client.
  let queue: Handle
  let client: Handle
  let topics: [String]
  let log: Log
  let spare: BatchPool
  private let isCooperative: Bool
  private let commands = Mutex<[Command]>([])
  let credits = Mutex<[TopicPartition: (stay: Int, credit: Credit)]>([:])
  let advice = Mutex<[TopicPartition: Int64]>([:])
  let isRebalancing = Atomic<Bool>(true)
  let isMember = Atomic<Bool>(false)
  private let isClosed = DispatchSemaphore(value: 0)

  public init(_ settings: KafkaSettings, spare: BatchPool, log: Log) throws(Complaint) {
    let client = try unsafe Self.makeClient(settings)
    unsafe self.client = Handle(client) { unsafe rd_kafka_destroy_flags($0, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
    unsafe rd_kafka_poll_set_consumer(client)
    unsafe queue = Handle(rd_kafka_queue_get_consumer(client)!) { unsafe rd_kafka_queue_destroy($0) }
    _ = unsafe rd_kafka_set_log_queue(client, queue.pointer)
    topics = settings.topics
    isCooperative = KafkaLibrary.isCooperative
    self.spare = spare
    self.log = log
  }

  /// librdkafka gives its threads a minute to begin, by the wall clock: one that is set forward meanwhile makes it give up at once, with
  /// the threads running on what it leaves behind. Then nothing is taken back, and it is asked again.
  private static func makeClient(_ settings: KafkaSettings) throws(Complaint) -> OpaquePointer {
    var words = [CChar](repeating: 0, count: 512)
    var text: String { String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    for _ in 0..<3 {
      let configuration = try unsafe settings.makeConfiguration()
      unsafe rd_kafka_conf_set_events(
        configuration, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
      if let client = unsafe rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &words, words.count) {
        return unsafe client
      }
      guard rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE else {
        // rd_kafka_new owns the configuration only when it succeeds; on failure it is still ours.
        unsafe rd_kafka_conf_destroy(configuration)
        throw Complaint(
          .configuration, at: "kafka", "no client could be made (\(text))", remedy: "correct kafka.properties")
      }
    }
    throw Complaint(
      .unavailable, at: "kafka", "no client could be made (\(text))",
      remedy: "see that the clock stands, and start again")
  }

  /// Joins the group and serves it on a thread of its own.
  public func join(_ observer: some ConsumerObserver) throws(Complaint) {
    let list = unsafe rd_kafka_topic_partition_list_new(Int32(topics.count))
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    for topic in topics { unsafe rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA) }
    let result = unsafe rd_kafka_subscribe(client.pointer, list)
    guard result == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw Complaint(
        .configuration, at: "kafka", "the topics cannot be subscribed to (\(KafkaError(result).words))",
        remedy: "correct kafka.topics")
    }
    startThread { [self] in
      serve(observer)
      isClosed.signal()
    }
  }

  /// Starts reading partitions of their stays from the given offsets.
  public func start(_ offsets: [TopicPartition: (stay: Int, offset: Int64)]) {
    send(offsets.map { .start(stay: $0.value.stay, $0.key, from: $0.value.offset) })
  }

  /// Ends a stay that the group has not ended: the partition comes again, under a new number.
  public func renew(_ log: TopicPartition, stay: Int) { send([.again(stay: stay, log)]) }

  /// Lets the revoked partitions go.
  public func finish() { send([.finish]) }

  /// Leaves the group; partitions are revoked first. Waits for at most `seconds`.
  @discardableResult
  public func close(within seconds: Int) -> Bool {
    send([.close])
    return isClosed.wait(timeout: .now() + .seconds(seconds)) == .success
  }

  /// A batch of the partition was dealt with: another may come.
  public func giveCredit(_ log: TopicPartition, stay: Int) {
    credits.withLock { $0[log].flatMap { $0.stay == stay ? $0.credit : nil } }?.give()
  }

  /// Whether the group has us, with however many partitions.
  public var hasJoined: Bool { isMember.load(ordering: .acquiring) }

  /// Tells the group how far the partition is in PostgreSQL, soon. For lag tools only: nothing is ever read from it.
  public func advise(_ log: TopicPartition, _ offset: Int64) { advice.withLock { $0[log] = offset } }

  func send(_ more: [Command]) {
    commands.withLock { $0 += more }
    unsafe rd_kafka_queue_yield(queue.pointer)
  }

  private func serve(_ observer: some ConsumerObserver) {
    var holding = Holding(isCooperative: isCooperative)
    var isClosing = false
    var advisedAt: Int64 = 0
    while true {
      if isClosing, unsafe rd_kafka_consumer_closed(client.pointer) == 1 { return }
      // All that has happened comes before what was asked for: a start must not overtake the revocation that it missed.
      var timeoutMs: Int32 = 100
      while let event = unsafe rd_kafka_queue_poll(queue.pointer, timeoutMs) {
        unsafe handle(event, &holding, observer)
        unsafe rd_kafka_event_destroy(event)
        timeoutMs = 0
      }
      let waiting = commands.withLock { commands in
        defer { commands = [] }
        return commands
      }
      for command in waiting {
        switch command {
        case .start(let stay, let log, let offset): start(log, stay, offset, &holding)
        case .end(let stay, let log): if holding.readers[log]?.stay == stay { _ = holding.end([log]) }
        case .again(let stay, let log): renew(log, stay, &holding, observer)
        case .finish: finish(&holding)
        case .close:
          isClosing = true
          if let error = unsafe KafkaError(taking: rd_kafka_consumer_close_queue(client.pointer, queue.pointer)) {
            log.warn("the group could not be left", ["error": .string(error.words)])
            return
          }
        }
      }
      let now = MonotonicClock.now()
      realize(&holding, observer, now)
      if now - advisedAt >= Self.adviceEvery {
        advisedAt = now
        commitAdvice()
      }
    }
  }

  private func handle(_ event: OpaquePointer, _ holding: inout Holding, _ observer: some ConsumerObserver) {
    switch unsafe rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_REBALANCE:
      let logs = unsafe Self.logs(rd_kafka_event_topic_partition_list(event))
      if unsafe rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
        assign(logs, &holding, observer)
      } else {
        revoke(logs, isLost: unsafe rd_kafka_assignment_lost(client.pointer) == 1, &holding, observer)
      }
    case RD_KAFKA_EVENT_ERROR:
      let code = unsafe rd_kafka_event_error(event)
      var error = KafkaError(code)
      error.words = unsafe String(cString: rd_kafka_event_error_string(event))
      log.warn("kafka reports an error", ["error": .string(error.name), "detail": .string(error.words)])
      if code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC {
        breakOff(error, &holding, observer)
      }
      if unsafe rd_kafka_event_error_is_fatal(event) == 1 { expel(&holding, observer) }
    case RD_KAFKA_EVENT_LOG:
      var facility: UnsafePointer<CChar>?
      var text: UnsafePointer<CChar>?
      var level: Int32 = 0
      if unsafe rd_kafka_event_log(event, &facility, &text, &level) == 0, let text = unsafe text {
        log.info("librdkafka", ["detail": .string(unsafe String(cString: text))])
      }
    default:
      break
    }
  }

  private static func logs(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
    guard let list = unsafe list else { return [] }
    var logs: [TopicPartition] = []
    let count = unsafe Int(list.pointee.cnt)
    for index in 0..<count {
      let item = unsafe list.pointee.elems[index]
      unsafe logs.append(TopicPartition(topic: String(cString: item.topic), partition: item.partition))
    }
    return logs
  }
}
