/// librdkafka properties that an operator sets besides the ones the daemon sets itself, in the order of the file.
public struct KafkaProperties: Sendable, Equatable {
  public struct Property: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }

    public var isSecret: Bool { KafkaProperties.isSecret(name) }
    public var description: String { "\(name): \(isSecret ? Secret.redaction : value)" }
    public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
  }

  public var all: [Property]

  public init(_ all: [Property] = []) { self.all = all }

  public subscript(name: String) -> String? { all.last { $0.name == name }?.value }

  static let countMax = 256

  /// Names that hold a secret: they are never printed, and may be given as `…_file`.
  static func isSecret(_ name: String) -> Bool {
    ["password", "passphrase", "secret", "key.pem", "oauthbearer.config"].contains { name.hasSuffix($0) }
  }

  /// The shortest time between polls that leaves a revoked partition the time for its last flush.
  static let pollIntervalMsMin = 60_000

  /// Properties that would break the promise: why, and what to do instead.
  static let refused: [String: (reason: String, remedy: String)] = {
    let positions = ("positions are kept in PostgreSQL", "remove it")
    let assignment = ("partitions are handed over in a way that loses nothing", "remove it")
    let produced = ("an event is accepted only when Kafka has stored it", "remove it")
    func setting(_ name: String) -> (String, String) { ("it has a setting of its own", "set '\(name)'") }
    return [
      "enable.auto.commit": positions,
      "auto.commit.enable": positions,
      "auto.commit.interval.ms": positions,
      "enable.auto.offset.store": positions,
      "auto.offset.reset": positions,
      "offset.store.method": positions,
      "offset.store.path": positions,
      "offset.store.sync.interval.ms": positions,
      "isolation.level": ("only committed records are counted", "remove it"),
      "check.crcs": ("damaged records must be noticed", "remove it"),
      "enable.partition.eof": ("the daemon knows the end of a partition by itself", "remove it"),
      "enabled_events": ("the daemon takes the events it needs", "remove it"),
      "group.id": setting("kafka.group"),
      "group.instance.id": setting("kafka.instance_id"),
      "bootstrap.servers": setting("kafka.brokers"),
      "metadata.broker.list": setting("kafka.brokers"),
      "topic.blacklist": setting("kafka.topics"),
      "test.mock.num.brokers": setting("kafka.brokers"),
      "partition.assignment.strategy": assignment,
      "group.protocol": assignment,
      "group.protocol.type": assignment,
      "group.remote.assignor": assignment,
      "acks": produced,
      "request.required.acks": produced,
      "enable.idempotence": produced,
      "transactional.id": produced,
    ]
  }()
}
