import CRdkafka

import MeterLab

/// Reads whole topics, as the round trips need it: each record by partition and offset.
@safe public struct ReadBack {
  public struct Record: Equatable {
    public var timestampMs: Int64
    public var key: [UInt8]?
    public var headers: [RecordHeader] = []
    public var value: [UInt8]?

    public init(timestampMs: Int64, key: [UInt8]?, headers: [RecordHeader] = [], value: [UInt8]?) {
      (self.timestampMs, self.key, self.headers, self.value) = (timestampMs, key, headers, value)
    }
  }

  public struct Place: Hashable {
    public var partition: Int32
    public var offset: Int64

    public init(partition: Int32, offset: Int64) { (self.partition, self.offset) = (partition, offset) }
  }

  struct Failure: Error {
    var reason: String
  }

  public static func topic(_ topic: String, partitions: Int32, at servers: String) throws -> [Place: Record] {
    let conf = unsafe rd_kafka_conf_new()
    for (name, value) in [
      ("bootstrap.servers", servers), ("group.id", "read-back"), ("enable.partition.eof", "true"),
      ("auto.offset.reset", "error"), ("fetch.wait.max.ms", "10"), ("enable.auto.commit", "false"),
    ] {
      guard unsafe rd_kafka_conf_set(conf, name, value, nil, 0) == RD_KAFKA_CONF_OK else { throw Failure(reason: name) }
    }
    guard let client = unsafe rd_kafka_new(RD_KAFKA_CONSUMER, conf, nil, 0) else { throw Failure(reason: "new") }
    defer { unsafe rd_kafka_destroy(client) }
    let list = unsafe rd_kafka_topic_partition_list_new(partitions)
    for partition in 0..<partitions {
      let entry = unsafe rd_kafka_topic_partition_list_add(list, topic, partition)
      unsafe entry?.pointee.offset = 0
    }
    unsafe rd_kafka_assign(client, list)
    unsafe rd_kafka_topic_partition_list_destroy(list)
    var found: [Place: Record] = [:]
    var ended: Set<Int32> = []
    let started = ContinuousClock.now
    while ended.count < Int(partitions) {
      if ContinuousClock.now - started > .seconds(120) { throw Failure(reason: "only \(ended.count) partitions ended") }
      guard let message = unsafe rd_kafka_consumer_poll(client, 100) else { continue }
      defer { unsafe rd_kafka_message_destroy(message) }
      let code = unsafe message.pointee.err
      if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
        ended.insert(unsafe message.pointee.partition)
      } else if code == RD_KAFKA_RESP_ERR_NO_ERROR {
        let place = unsafe Place(partition: message.pointee.partition, offset: message.pointee.offset)
        found[place] = unsafe Record(
          timestampMs: rd_kafka_message_timestamp(message, nil),
          key: bytes(message.pointee.key, message.pointee.key_len), headers: headers(of: message),
          value: bytes(message.pointee.payload, message.pointee.len))
      }
    }
    return found
  }

  private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
    unsafe start.map { unsafe Array(UnsafeRawBufferPointer(start: $0, count: count)) }
  }

  private static func headers(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> [RecordHeader] {
    var list: OpaquePointer?
    guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return [] }
    return unsafe (0..<rd_kafka_header_cnt(list)).map { place in
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var count = 0
      unsafe rd_kafka_header_get_all(list, place, &name, &value, &count)
      return unsafe RecordHeader(name: Array(String(cString: name!).utf8), value: bytes(value, count))
    }
  }
}
