/// A record that is sent as somebody else wrote it, whatever it holds.
public struct ReplayedRecord: Sendable, Equatable {
  public var partition: Int
  public var timestampMs: Int64
  /// Nil is a record without a key.
  public var key: [UInt8]?
  public var headers: [RecordHeader]
  /// Nil is a tombstone.
  public var value: [UInt8]?

  public init(partition: Int, timestampMs: Int64, key: [UInt8]?, headers: [RecordHeader], value: [UInt8]?) {
    self.partition = partition
    self.timestampMs = timestampMs
    self.key = key
    self.headers = headers
    self.value = value
  }
}
