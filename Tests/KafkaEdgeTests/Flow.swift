import CRdkafka
import Synchronization

@testable import KafkaEdge

/// A flow of small records into a topic of a broker in this process, and how many each partition has.
final class Flow: Sendable {
  private let client: Handle
  private let topic: String
  private let counts: Mutex<[Int]>

  init(_ brokers: String, topic: String, partitions: Int) {
    let configuration = unsafe rd_kafka_conf_new()
    var words = [CChar](repeating: 0, count: 512)
    for (key, value) in [("bootstrap.servers", brokers), ("linger.ms", "2"), ("compression.type", "lz4")] {
      unsafe rd_kafka_conf_set(configuration, key, value, &words, words.count)
    }
    let pointer = unsafe rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &words, words.count)!
    client = unsafe Handle(pointer) { unsafe rd_kafka_destroy($0) }
    self.topic = topic
    counts = Mutex([Int](repeating: 0, count: partitions))
  }

  /// Produces so many to each partition, and waits until they are there.
  func produce(_ count: Int) {
    let handle = unsafe rd_kafka_topic_new(client.pointer, topic, nil)
    defer { unsafe rd_kafka_topic_destroy(handle) }
    var value = Array("a record of no meaning".utf8)
    counts.withLock { counts in
      for partition in counts.indices {
        for _ in 0..<count {
          let length = value.count
          let result = unsafe rd_kafka_produce(
            handle, Int32(partition), Int32(RD_KAFKA_MSG_F_COPY), &value, length, nil, 0, nil)
          precondition(result == 0, "a record was not taken")
        }
        counts[partition] += count
      }
    }
    unsafe rd_kafka_flush(client.pointer, 60_000)
  }

  var ends: [Int64] { counts.withLock { $0.map(Int64.init) } }
}
