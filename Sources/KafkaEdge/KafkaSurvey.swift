import CRdkafka
import MeterModel
import MeterTelemetry

/// What `meterd check --connect` finds at Kafka.
public enum KafkaSurvey {
  private static let timeoutMs: Int32 = 10_000

  public static func run(_ settings: KafkaSettings) throws(Complaint) -> [String] {
    let consumer = try Consumer(settings, spare: BatchPool(), log: Log(level: .error))
    if let error = consumer.probe(timeoutMs: timeoutMs) {
      throw Complaint(
        .unavailable, at: "kafka: \(settings.brokers)", "no broker answers (\(error.words))",
        remedy: "start it, or correct kafka.brokers")
    }
    var lines = ["librdkafka \(KafkaLibrary.version), \(KafkaLibrary.assignment)"]
    for topic in settings.topics {
      switch consumer.partitions(of: topic, timeoutMs: timeoutMs) {
      case .success(let count): lines.append("topic '\(topic)' has \(count) partitions")
      case .failure(let error): lines.append("topic '\(topic)': \(error.words)")
      }
    }
    return lines + faults
  }

  /// Known faults of the linked version that an operator may meet.
  private static var faults: [String] {
    // The version is a number of bytes, 0xMMmmrrpp.
    let version = rd_kafka_version()
    var faults: [String] = []
    if !KafkaLibrary.isCooperative {
      faults.append(
        "this librdkafka loses messages under cooperative rebalancing, so partitions are handed over eagerly; daemons with 2.16 or "
          + "later cannot share a group with it")
    }
    if version < 0x0206_0100 {
      faults.append("this librdkafka's SCRAM is refused by Kafka 4.1 and later (mended in 2.6.1); PLAIN over TLS works")
    }
    return faults
  }
}
