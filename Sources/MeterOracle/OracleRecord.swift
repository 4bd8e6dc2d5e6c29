/// A record as Kafka holds it: bytes at a topic, partition and offset, not yet understood.
public struct OracleRecord: Equatable, Sendable {
  public struct Header: Equatable, Sendable {
    public let name: OracleText
    /// Kafka knows headers without a value. Choice: such a header is absent, as an attribute that is null is.
    public let value: [UInt8]?

    public init(name: OracleText, value: [UInt8]?) {
      self.name = name
      self.value = value
    }
  }

  public var topic: OracleText
  public var partition: Int
  public var offset: Int64
  public var timestampMs: Int64
  public var key: [UInt8]?
  public var headers: [Header]
  /// Nil is a tombstone.
  public var value: [UInt8]?

  public init(
    topic: OracleText, partition: Int, offset: Int64, timestampMs: Int64, key: [UInt8]? = nil, headers: [Header] = [],
    value: [UInt8]?
  ) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
    self.timestampMs = timestampMs
    self.key = key
    self.headers = headers
    self.value = value
  }
}
