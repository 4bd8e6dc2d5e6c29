/// A header of a record. Kafka knows headers without a value, which are not those with an empty one.
public struct RecordHeader: Sendable, Equatable {
  public var name: [UInt8]
  public var value: [UInt8]?

  public init(name: [UInt8], value: [UInt8]?) {
    self.name = name
    self.value = value
  }
}
