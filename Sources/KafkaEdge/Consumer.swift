import CRdkafka
import Dispatch
import MeterModel
import MeterTelemetry
import Synchronization

/// Whoever wants to hear from the consumer. Calls come from the consumer's threads and must return at once.
public protocol ConsumerObserver: Sendable {
  /// Partitions came; nothing is read of them before `Consumer.start`.
  func assigned(_ logs: [TopicPartition], stay: Int)
  /// Reading has ended; `Consumer.finish` lets the partitions go. When they are lost, somebody else may have them already.
  func revoked(stay: Int, isLost: Bool)
  func received(_ batch: RecordBatch, of log: TopicPartition, stay: Int)
  /// The log cannot be read on.
  func broken(_ log: TopicPartition, stay: Int, _ error: KafkaError)
}

/// A member of a consumer group, exact on librdkafka 2.0.2.
///
/// Assignment is eager. Each assigned partition has a queue and a thread of its own from which messages are taken by callback; the
/// poll thread only serves the group: it never waits for a database and never for a partition's consumer. A stay is the time
/// between an assignment and its revocation, numbered; what belongs to an earlier stay is dropped.
public final class Consumer: Sendable {
  private enum Command: Sendable {
    case start(stay: Int, [TopicPartition: Int64])
    case finish(stay: Int)
    case close
  }

  private struct Stay {
    var number = 0
    var drains: [TopicPartition: PartitionDrain] = [:]
    /// Revoked, and not yet let go.
    var isLeaving = false
    /// Between an assignment and its revocation.
    var isAssigned = false
  }

  private let client: Handle
  private let queue: Handle
  private let topics: [String]
  private let log: Log
  private let commands = Mutex<[Command]>([])
  private let drains = Mutex<[TopicPartition: PartitionDrain]>([:])
  private let isRebalancing = Atomic<Bool>(false)
  private let isAssigned = Atomic<Bool>(false)
  private let isClosed = DispatchSemaphore(value: 0)
  private let spare: BatchPool

  public init(_ settings: KafkaSettings, spare: BatchPool, log: Log) throws(Complaint) {
    let configuration = try unsafe settings.makeConfiguration()
    unsafe rd_kafka_conf_set_events(
      configuration, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
    var words = [CChar](repeating: 0, count: 512)
    // rd_kafka_new owns the configuration only when it succeeds; on failure it is still ours.
    guard let client = unsafe rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &words, words.count) else {
      unsafe rd_kafka_conf_destroy(configuration)
      let text = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw Complaint(
        .configuration, at: "kafka", "no client could be made (\(text))", remedy: "correct kafka.properties")
    }
    unsafe self.client = Handle(client) { unsafe rd_kafka_destroy_flags($0, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
    unsafe rd_kafka_poll_set_consumer(client)
    unsafe queue = Handle(rd_kafka_queue_get_consumer(client)!) { unsafe rd_kafka_queue_destroy($0) }
    _ = unsafe rd_kafka_set_log_queue(client, queue.pointer)
    topics = settings.topics
    self.spare = spare
    self.log = log
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

  /// Starts reading the partitions of a stay from the given offsets; one that is missing stays unread.
  public func start(stay: Int, _ offsets: [TopicPartition: Int64]) { send(.start(stay: stay, offsets)) }

  /// Lets the partitions of a revoked stay go.
  public func finish(stay: Int) { send(.finish(stay: stay)) }

  /// Leaves the group; partitions are revoked first. Waits for at most `seconds`.
  @discardableResult
  public func close(within seconds: Int) -> Bool {
    send(.close)
    return isClosed.wait(timeout: .now() + .seconds(seconds)) == .success
  }

  /// A batch of the partition was dealt with: another may come.
  public func giveCredit(_ log: TopicPartition) {
    drains.withLock { $0[log] }?.giveCredit()
  }

  public var hasJoined: Bool { isAssigned.load(ordering: .acquiring) }

  /// Tells the group how far the partition is in PostgreSQL. For lag tools only: nothing is ever read from it, and while the group
  /// rebalances it is left out, since librdkafka 2.0.2 would lose the kept partitions over it.
  public func advise(_ offsets: [TopicPartition: Int64]) {
    guard !offsets.isEmpty, !isRebalancing.load(ordering: .acquiring) else { return }
    commit(offsets)
  }

  private func commit(_ offsets: [TopicPartition: Int64]) {
    let list = unsafe Self.list(offsets)
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    _ = unsafe rd_kafka_commit(client.pointer, list, 1)
  }

  /// What the log holds at this moment: its first offset, and the end that a reader of committed messages may see. Blocks.
  public func watermarks(_ log: TopicPartition, timeoutMs: Int32) -> Result<(low: Int64, high: Int64), KafkaError> {
    var low: Int64 = 0
    var high: Int64 = 0
    let result = unsafe rd_kafka_query_watermark_offsets(
      client.pointer, log.topic, log.partition, &low, &high, timeoutMs)
    return result == RD_KAFKA_RESP_ERR_NO_ERROR ? .success((low, high)) : .failure(KafkaError(result))
  }

  /// Asks any broker for what it knows; nil when one answers.
  public func probe(timeoutMs: Int32) -> KafkaError? {
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let result = unsafe rd_kafka_metadata(client.pointer, 0, nil, &metadata, timeoutMs)
    guard result == RD_KAFKA_RESP_ERR_NO_ERROR else { return KafkaError(result) }
    unsafe rd_kafka_metadata_destroy(metadata)
    return nil
  }

  /// How many partitions a topic has. Blocks.
  func partitions(of topic: String, timeoutMs: Int32) -> Result<Int, KafkaError> {
    guard let handle = unsafe rd_kafka_topic_new(client.pointer, topic, nil) else {
      return .failure(KafkaError(rd_kafka_last_error()))
    }
    defer { unsafe rd_kafka_topic_destroy(handle) }
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let result = unsafe rd_kafka_metadata(client.pointer, 0, handle, &metadata, timeoutMs)
    guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata = unsafe metadata else {
      return .failure(KafkaError(result))
    }
    defer { unsafe rd_kafka_metadata_destroy(metadata) }
    guard unsafe metadata.pointee.topic_cnt == 1 else {
      return .failure(KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART))
    }
    let found = unsafe metadata.pointee.topics[0]
    let error = unsafe found.err
    return unsafe error == RD_KAFKA_RESP_ERR_NO_ERROR ? .success(Int(found.partition_cnt)) : .failure(KafkaError(error))
  }

  /// The end of the log as the last fetch saw it, without asking.
  public func knownEnd(_ log: TopicPartition) -> Int64? {
    var low: Int64 = 0
    var high: Int64 = 0
    let result = unsafe rd_kafka_get_watermark_offsets(client.pointer, log.topic, log.partition, &low, &high)
    return result == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
  }

  private func send(_ command: Command) {
    commands.withLock { $0.append(command) }
    unsafe rd_kafka_queue_yield(queue.pointer)
  }

  private func serve(_ observer: some ConsumerObserver) {
    var stay = Stay()
    var isClosing = false
    while true {
      if isClosing, unsafe rd_kafka_consumer_closed(client.pointer) == 1 { return }
      if let event = unsafe rd_kafka_queue_poll(queue.pointer, 100) {
        unsafe handle(event, &stay, observer)
        unsafe rd_kafka_event_destroy(event)
      }
      let waiting = commands.withLock { commands in
        defer { commands = [] }
        return commands
      }
      for command in waiting {
        switch command {
        case .start(let number, let offsets): start(number, offsets, &stay, observer)
        case .finish(let number): finish(number, &stay)
        case .close:
          isClosing = true
          if let error = unsafe KafkaError(taking: rd_kafka_consumer_close_queue(client.pointer, queue.pointer)) {
            log.warn("the group could not be left", ["error": .string(error.words)])
            return
          }
        }
      }
    }
  }

  private func handle(_ event: OpaquePointer, _ stay: inout Stay, _ observer: some ConsumerObserver) {
    switch unsafe rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_REBALANCE:
      if unsafe rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
        stay.number += 1
        stay.isAssigned = true
        stay.isLeaving = false
        isRebalancing.store(true, ordering: .releasing)
        observer.assigned(unsafe Self.logs(rd_kafka_event_topic_partition_list(event)), stay: stay.number)
      } else {
        let isLost = unsafe rd_kafka_assignment_lost(client.pointer) == 1
        revoke(&stay, isLost: isLost, observer)
      }
    case RD_KAFKA_EVENT_ERROR:
      let error = unsafe KafkaError(rd_kafka_event_error(event))
      log.warn(
        "kafka reports an error",
        ["error": .string(error.name), "detail": .string(unsafe String(cString: rd_kafka_event_error_string(event)))])
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

  /// Reading ends here and at once: no batch leaves a drain after this returns.
  private func revoke(_ stay: inout Stay, isLost: Bool, _ observer: some ConsumerObserver) {
    isRebalancing.store(true, ordering: .releasing)
    isAssigned.store(false, ordering: .releasing)
    let running = drains.withLock { drains in
      defer { drains = [:] }
      return Array(drains.values)
    }
    for drain in running { drain.stop() }
    for drain in running { drain.join() }
    stay.isLeaving = true
    stay.isAssigned = false
    observer.revoked(stay: stay.number, isLost: isLost)
  }

  private func start(
    _ number: Int, _ offsets: [TopicPartition: Int64], _ stay: inout Stay, _ observer: some ConsumerObserver
  ) {
    guard number == stay.number, stay.isAssigned else { return }
    var started: [TopicPartition: PartitionDrain] = [:]
    for (partition, offset) in offsets {
      guard let pointer = unsafe rd_kafka_queue_get_partition(client.pointer, partition.topic, partition.partition)
      else {
        observer.broken(partition, stay: number, KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION))
        continue
      }
      // Off the main queue before the assignment: later it would leave messages there.
      unsafe rd_kafka_queue_forward(pointer, nil)
      let queue = unsafe Handle(pointer) { unsafe rd_kafka_queue_destroy($0) }
      started[partition] = PartitionDrain(
        log: partition, start: offset, client: client, queue: queue, spare: spare,
        deliver: { observer.received($0, of: partition, stay: number) },
        fail: { observer.broken(partition, stay: number, $0) })
    }
    let list = unsafe Self.list(offsets)
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    let result = unsafe rd_kafka_assign(client.pointer, list)
    guard result == RD_KAFKA_RESP_ERR_NO_ERROR else {
      log.error("the assignment failed", ["error": .string(KafkaError(result).words)])
      for partition in offsets.keys { observer.broken(partition, stay: number, KafkaError(result)) }
      return
    }
    drains.withLock { $0 = started }
    for drain in started.values { drain.run() }
    isRebalancing.store(false, ordering: .releasing)
    isAssigned.store(true, ordering: .releasing)
  }

  private func finish(_ number: Int, _ stay: inout Stay) {
    guard number == stay.number, stay.isLeaving else { return }
    stay.isLeaving = false
    _ = unsafe rd_kafka_assign(client.pointer, nil)
  }

  private static func list(_ offsets: [TopicPartition: Int64]) -> UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
  {
    let list = unsafe rd_kafka_topic_partition_list_new(Int32(offsets.count))!
    for (log, offset) in offsets {
      unsafe rd_kafka_topic_partition_list_add(list, log.topic, log.partition).pointee.offset = offset
    }
    return unsafe list
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
