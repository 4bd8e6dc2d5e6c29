/// One log of Kafka: where records stand in a strict order.
public struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var topic: String
  public var partition: Int32

  public init(topic: String, partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  public var description: String { "\(topic)[\(partition)]" }

  public static func < (a: TopicPartition, b: TopicPartition) -> Bool {
    a.topic == b.topic ? a.partition < b.partition : a.topic < b.topic
  }
}

/// Half-open range of a partition's offsets.
public struct OffsetRange: Sendable, Hashable {
  public var from: Int64
  public var to: Int64

  public init(from: Int64, to: Int64) {
    precondition(from <= to, "an offset range ends where it begins, or later")
    self.from = from
    self.to = to
  }
}
