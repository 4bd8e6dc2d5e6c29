import CRdkafka

/// Why a log cannot be read on from where its reader stands.
///
/// Behind such an error librdkafka goes on with what follows, so that records would be passed over in silence, or asks for the same
/// bytes for ever, or never says anything again. All of them end the reading until an operator decides.
public struct LogFault: Error, Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Bytes that are not what their checksum or codec says. librdkafka fetches such a batch again and again, and passes over such
    /// a message of the old format.
    case undecodable
    /// The broker does not have the offset: the log was cut, or is another one.
    case outside
    /// The brokers do not know the partition any more. One of the same name that comes later is another log.
    case gone
    case other
  }

  public var kind: Kind
  /// Where it happened; negative when librdkafka does not say.
  public var offset: Int64
  public var error: KafkaError

  public init(kind: Kind, offset: Int64, error: KafkaError) {
    self.kind = kind
    self.offset = offset
    self.error = error
  }

  /// For the operator who has to decide.
  public var reason: String {
    let place = offset >= 0 ? "offset \(offset)" : "its next offset"
    let what =
      switch kind {
      case .undecodable: "the batch at \(place) cannot be decoded"
      case .outside: "the log does not have \(place); it was cut or made anew"
      case .gone: "the brokers do not know the partition any more; one made anew has other records at its offsets"
      case .other: "the log cannot be read on at \(place)"
      }
    return "\(what) (\(error.name): \(error.words))"
  }
}

/// What an error among a partition's messages means for its reader.
enum MessageError {
  /// Nothing was skipped and reading goes on by itself once it can: a missing permission, a broker that answers with an error.
  case passing(KafkaError)
  case broken(LogFault)
  /// Not worth a word.
  case nothing

  init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
    let code = unsafe message.pointee.err
    if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
      self = .nothing
      return
    }
    let words = unsafe rd_kafka_message_errstr(message).map { unsafe String(cString: $0) }
    var error = KafkaError(code)
    if let words, !words.isEmpty { error.words = words }
    if Self.passing.contains(code.rawValue) {
      self = .passing(error)
      return
    }
    let kind: LogFault.Kind =
      switch code {
      case RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION, RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
        RD_KAFKA_RESP_ERR_INVALID_MSG:
        .undecodable
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: .outside
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        .gone
      default: .other
      }
    self = .broken(LogFault(kind: kind, offset: unsafe message.pointee.offset, error: error))
  }

  /// After these librdkafka fetches the same offset again. What is not listed halts: a needless halt costs an operator a minute, a
  /// skipped record somebody's money.
  private static let passing: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__AUTHENTICATION,
      RD_KAFKA_RESP_ERR_UNKNOWN, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
      RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
      RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
    ].map(\.rawValue))
}
