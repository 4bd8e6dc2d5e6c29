import CRdkafka
import MeterModel

/// Questions to the brokers, and to what librdkafka knows of them.
extension Consumer {
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
}
