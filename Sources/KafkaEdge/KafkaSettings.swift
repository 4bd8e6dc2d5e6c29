import CRdkafka
import MeterModel

/// What a client of Kafka is made from.
public struct KafkaSettings: Sendable, Equatable {
  public var brokers: String
  public var topics: [String]
  public var group: String
  /// Static membership; empty for none.
  public var instance: String
  /// librdkafka's own properties, taken as text.
  public var properties: [String: String]

  public init(brokers: String, topics: [String], group: String, instance: String, properties: [String: String]) {
    self.brokers = brokers
    self.topics = topics
    self.group = group
    self.instance = instance
    self.properties = properties
  }

  /// The promise rests on these; an operator cannot change them.
  private var fixed: [(String, String)] {
    var fixed = [
      ("bootstrap.servers", brokers),
      ("group.id", group),
      ("enable.auto.commit", "false"),
      ("enable.auto.offset.store", "false"),
      // A cursor outside the log must never be moved silently.
      ("auto.offset.reset", "error"),
      ("isolation.level", "read_committed"),
      ("check.crcs", "true"),
      ("partition.assignment.strategy", KafkaLibrary.isCooperative ? "cooperative-sticky" : "range"),
      ("log.queue", "true"),
    ]
    if !instance.isEmpty { fixed.append(("group.instance.id", instance)) }
    return fixed
  }

  /// Ours unless the operator says otherwise.
  private static let defaults = [
    ("client.id", "meterd"),
    // A broker with nothing new answers this late at the most; one with news answers at once.
    ("fetch.wait.max.ms", "100"),
    ("queued.max.messages.kbytes", "65536"),
  ]

  /// A configuration that librdkafka takes over when a client is made of it. A property it does not know is refused by name.
  func makeConfiguration() throws(Complaint) -> OpaquePointer { try unsafe makeConfiguration(Self.defaults, fixed) }

  /// The same broker and the same ways to it, for a client that produces. A record is taken when all replicas have it, once; one that is not
  /// taken in time is told of and comes again.
  func makeProducerConfiguration() throws(Complaint) -> OpaquePointer {
    try unsafe makeConfiguration(
      [("client.id", "meterd")],
      [
        ("bootstrap.servers", brokers), ("acks", "all"), ("enable.idempotence", "true"),
        ("message.timeout.ms", "10000"), ("linger.ms", "0"), ("log.queue", "true"),
      ])
  }

  private func makeConfiguration(
    _ defaults: [(String, String)], _ fixed: [(String, String)]
  ) throws(Complaint) -> OpaquePointer {
    guard let configuration = unsafe rd_kafka_conf_new() else {
      throw Complaint(.bug, at: "kafka", "no configuration could be made", remedy: "free some memory")
    }
    do throws(Complaint) {
      for (key, value) in defaults where properties[key] == nil { try unsafe set(configuration, key, value) }
      for (key, value) in properties.sorted(by: { $0.key < $1.key }) { try unsafe set(configuration, key, value) }
      for (key, value) in fixed { try unsafe set(configuration, key, value) }
    } catch {
      unsafe rd_kafka_conf_destroy(configuration)
      throw error
    }
    return unsafe configuration
  }

  private func set(_ configuration: OpaquePointer, _ key: String, _ value: String) throws(Complaint) {
    var words = [CChar](repeating: 0, count: 512)
    let result = unsafe rd_kafka_conf_set(configuration, key, value, &words, words.count)
    guard result != RD_KAFKA_CONF_OK else { return }
    let text = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw Complaint(
      .configuration, at: "config: kafka.properties.\(key)", "librdkafka refuses it (\(text))",
      remedy: "correct or remove the property")
  }

  /// Whether librdkafka takes every property; nothing is connected.
  public func validate() throws(Complaint) {
    let configuration = try unsafe makeConfiguration()
    unsafe rd_kafka_conf_destroy(configuration)
  }
}

public enum KafkaLibrary {
  public static var version: String { unsafe String(cString: rd_kafka_version_str()) }

  /// Whether partitions that stay are left alone while the group rebalances.
  ///
  /// librdkafka 2.0.2 loses messages under cooperative rebalancing when they are taken in batches, and offers some twice when they
  /// are taken by callback. 2.16.0 is the first that was seen to be exact. Members of one group must agree: where the linked version
  /// passes this one, all daemons of the group are stopped before the first new one starts.
  public static var isCooperative: Bool { isCooperative(rd_kafka_version()) }

  /// The version is a number of bytes, 0xMMmmrrpp.
  static func isCooperative(_ version: Int32) -> Bool { version >= 0x0210_0000 }

  /// For people: how partitions are handed over.
  public static var assignment: String { isCooperative ? "cooperative assignment" : "eager assignment" }
}
