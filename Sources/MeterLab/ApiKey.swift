/// A kind of request of the Kafka protocol, by its number.
public struct ApiKey: Sendable, Equatable {
  public let number: Int16

  public init(number: Int16) { self.number = number }

  /// The requests that the mock cluster answers.
  public static let named: [(name: String, key: ApiKey)] = [
    ("Produce", 0), ("Fetch", 1), ("ListOffsets", 2), ("Metadata", 3), ("OffsetCommit", 8), ("OffsetFetch", 9),
    ("FindCoordinator", 10), ("JoinGroup", 11), ("Heartbeat", 12), ("LeaveGroup", 13), ("SyncGroup", 14),
    ("ApiVersions", 18), ("InitProducerId", 22), ("AddPartitionsToTxn", 24), ("AddOffsetsToTxn", 25), ("EndTxn", 26),
    ("TxnOffsetCommit", 28),
  ].map { ($0.0, ApiKey(number: $0.1)) }

  /// Reads a name, in any case, or a number.
  init?(text: String) {
    if let number = Int16(text), (0...67).contains(number) {
      self.init(number: number)
    } else if let found = Self.named.first(where: { $0.name.lowercased() == text.lowercased() }) {
      self = found.key
    } else {
      return nil
    }
  }
}
