/// One record of an `EventStream`. Made once and filled again for every event, so that its buffers are reused.
public struct GeneratedRecord: Sendable, Equatable {
  /// The tenant, also where the event forgot it.
  public var key: [UInt8] = []
  public var value: [UInt8] = []
  /// The record's Kafka timestamp; the event has a time of its own.
  public var timestampMs: Int64 = 0
  /// Of a duplicate, that of the original.
  public var kind: EventKind = .apiCall
  public var condition: Condition = .punctual

  public init() {
    key.reserveCapacity(32)
    value.reserveCapacity(512)
  }
}
