/// How records go to Kafka.
public struct ProducerOptions: Sendable {
  public enum Compression: String, Sendable, CaseIterable {
    case none
    case lz4
    case zstd
  }

  /// librdkafka's names: `murmur2_random` places keys as Kafka's Java clients do, `consistent_random` by CRC-32.
  public enum Partitioner: String, Sendable, CaseIterable {
    case murmur2 = "murmur2_random"
    case consistent = "consistent_random"
  }

  public var bootstrapServers: String
  public var topic: String
  public var compression: Compression = .none
  public var partitioner: Partitioner = .murmur2
  /// Without it a batch whose acknowledgement was lost may be in the log twice.
  public var isIdempotent = true
  /// A record that was not acknowledged for this long has failed.
  public var deliveryTimeoutMs = 30_000
  /// How long the topic may take to appear at the start.
  public var startTimeoutMs = 10_000
  /// Records waiting for Kafka; when there are more, making new ones waits.
  public var queueRecordsMax = 100_000
  public var queueKilobytesMax = 131_072
  /// A replayed record may be as large as meterd lets `events.max_size` be, and then some for headers.
  public var recordBytesMax = 80 << 20
  /// Further librdkafka properties, set last.
  public var properties: [(name: String, value: String)] = []

  public init(bootstrapServers: String, topic: String) {
    self.bootstrapServers = bootstrapServers
    self.topic = topic
  }

  /// As librdkafka is told them.
  var settings: [(name: String, value: String)] {
    [
      ("bootstrap.servers", bootstrapServers),
      ("client.id", "meterd-lab"),
      ("acks", "all"),
      ("enable.idempotence", isIdempotent ? "true" : "false"),
      // One request at a time keeps the order of a partition when a retry overtakes; idempotence keeps it with five.
      ("max.in.flight.requests.per.connection", isIdempotent ? "5" : "1"),
      ("compression.type", compression.rawValue),
      ("partitioner", partitioner.rawValue),
      ("message.timeout.ms", "\(deliveryTimeoutMs)"),
      ("queue.buffering.max.messages", "\(queueRecordsMax)"),
      ("queue.buffering.max.kbytes", "\(queueKilobytesMax)"),
      ("linger.ms", "5"),
      // What is too large is the broker's to say, and a report tells its answer.
      ("message.max.bytes", "\(recordBytesMax)"),
    ] + properties
  }
}
