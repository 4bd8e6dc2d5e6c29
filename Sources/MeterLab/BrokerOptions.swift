/// What `meterd-lab broker` is told.
public struct BrokerOptions: Sendable {
  public var brokers = 1
  public var topics: [(name: String, partitions: Int)] = [("usage.events", 8)]
  /// Where commands come from; its end does not end the broker.
  public var input: Int32 = 0
  /// Where the address and the answers go.
  public var output: Int32 = 1

  public init() {}
}
