import CRdkafka
import TestStack

/// Asks the broker what its logs hold, and what a group has told it.
@safe final class BrokerLog {
  private static let timeoutMs: Int32 = 20_000

  private let client: OpaquePointer

  /// It never joins the group.
  init(_ brokers: String, group: String) throws(StackFailure) {
    let configuration = unsafe rd_kafka_conf_new()
    unsafe rd_kafka_conf_set_log_cb(configuration, nil)
    var words = [CChar](repeating: 0, count: 256)
    let room = words.count
    unsafe rd_kafka_conf_set(configuration, "bootstrap.servers", brokers, &words, room)
    unsafe rd_kafka_conf_set(configuration, "group.id", group, &words, room)
    guard let client = unsafe rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &words, room) else {
      // rd_kafka_new() owns the configuration only when it succeeds.
      unsafe rd_kafka_conf_destroy(configuration)
      throw StackFailure(at: "broker log", "no client can be made for '\(brokers)'")
    }
    unsafe self.client = client
  }

  deinit { unsafe rd_kafka_destroy(client) }

  func watermarks(_ topic: String, _ partition: Int32) throws(StackFailure) -> (low: Int, high: Int) {
    var low: Int64 = 0
    var high: Int64 = 0
    let answer = unsafe rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, Self.timeoutMs)
    try check("the ends of partition \(partition)", answer)
    return (Int(low), Int(high))
  }

  /// What the group has told of each partition; -1 where it has told nothing, or where the broker does not say.
  func committed(_ topic: String, partitions: Int) throws(StackFailure) -> [Int] {
    guard let list = unsafe rd_kafka_topic_partition_list_new(Int32(partitions)) else {
      throw StackFailure(at: "broker log", "there is no memory for a list")
    }
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    for partition in 0..<partitions { unsafe rd_kafka_topic_partition_list_add(list, topic, Int32(partition)) }
    try check("what the group has told", unsafe rd_kafka_committed(client, list, Self.timeoutMs))
    return (0..<partitions).map { place in
      let told = unsafe list.pointee.elems[place]
      let isSaid = unsafe told.err == RD_KAFKA_RESP_ERR_NO_ERROR
      return isSaid ? unsafe max(-1, Int(told.offset)) : -1
    }
  }

  private func check(_ what: String, _ answer: rd_kafka_resp_err_t) throws(StackFailure) {
    guard answer != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
    throw StackFailure(at: "broker log", "\(what) cannot be had (\(unsafe String(cString: rd_kafka_err2str(answer))))")
  }
}
