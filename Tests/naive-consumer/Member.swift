import CRdkafka
import Glibc
import Synchronization

/// A member of the group, made the way its author had read about: cooperative rebalancing, messages taken in batches from the
/// consumer's queue, positions kept in a store of one's own.
final class Member: Sendable {
  private static let batchMax = 5_000
  private static let batchTimeoutMs: Int32 = 500

  private let name: String
  private let store: OffsetStore
  private let isLeaving = Atomic<Bool>(false)
  private let isGone = Atomic<Bool>(false)

  init(_ name: String, _ store: OffsetStore) {
    self.name = name
    self.store = store
  }

  /// Joins on a thread of its own and consumes until `leave`.
  func join(brokers: String, topic: String, group: String) {
    let job = unsafe Unmanaged.passRetained(Job { [self] in consume(brokers, topic, group) })
    var thread = pthread_t()
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        unsafe Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, job.toOpaque())
    precondition(result == 0, "a thread could not be started")
    pthread_detach(thread)
  }

  func leave() {
    isLeaving.store(true, ordering: .relaxed)
    while !isGone.load(ordering: .acquiring) { usleep(10_000) }
  }

  private func consume(_ brokers: String, _ topic: String, _ group: String) {
    defer { isGone.store(true, ordering: .releasing) }
    let configuration = unsafe rd_kafka_conf_new()
    var words = [CChar](repeating: 0, count: 512)
    for (key, value) in [
      ("bootstrap.servers", brokers), ("group.id", group), ("enable.auto.commit", "false"),
      ("enable.auto.offset.store", "false"), ("auto.offset.reset", "error"),
      ("partition.assignment.strategy", "cooperative-sticky"), ("session.timeout.ms", "4500"),
      ("heartbeat.interval.ms", "500"), ("fetch.wait.max.ms", "50"),
    ] {
      let result = unsafe rd_kafka_conf_set(configuration, key, value, &words, words.count)
      precondition(result == RD_KAFKA_CONF_OK, key)
    }
    unsafe rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
    unsafe rd_kafka_conf_set_rebalance_cb(configuration) { client, code, list, member in
      guard let member = unsafe member, let list = unsafe list else { return }
      unsafe Unmanaged<Member>.fromOpaque(member).takeUnretainedValue().rebalance(client, code, list)
    }
    guard let client = unsafe rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &words, words.count),
      unsafe rd_kafka_poll_set_consumer(client) == RD_KAFKA_RESP_ERR_NO_ERROR,
      let queue = unsafe rd_kafka_queue_get_consumer(client)
    else { return }
    let topics = unsafe rd_kafka_topic_partition_list_new(1)
    unsafe rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA)
    unsafe rd_kafka_subscribe(client, topics)
    unsafe rd_kafka_topic_partition_list_destroy(topics)

    var messages = unsafe [UnsafeMutablePointer<rd_kafka_message_t>?](repeating: nil, count: Self.batchMax)
    while !isLeaving.load(ordering: .relaxed) {
      let count = unsafe rd_kafka_consume_batch_queue(queue, Self.batchTimeoutMs, &messages, messages.count)
      for place in 0..<max(0, count) {
        guard let message = unsafe messages[place] else { continue }
        if unsafe message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
          unsafe store.take(message.pointee.partition, message.pointee.offset)
        }
        unsafe rd_kafka_message_destroy(message)
      }
    }
    unsafe rd_kafka_queue_destroy(queue)
    unsafe rd_kafka_consumer_close(client)
    unsafe rd_kafka_destroy(client)
  }

  private func rebalance(
    _ client: OpaquePointer?, _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
  ) {
    let count = unsafe Int(list.pointee.cnt)
    if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
      for place in 0..<count {
        unsafe list.pointee.elems[place].offset = store.next(list.pointee.elems[place].partition)
      }
      unsafe rd_kafka_error_destroy(rd_kafka_incremental_assign(client, list))
      print("\(name) assigned \(count)")
    } else {
      unsafe rd_kafka_error_destroy(rd_kafka_incremental_unassign(client, list))
      print("\(name) revoked \(count)")
    }
    fflush(nil)
  }
}

private final class Job: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
