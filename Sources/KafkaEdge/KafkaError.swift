import CRdkafka

/// What librdkafka said, as one of our errors: its code's name and its words.
public struct KafkaError: Error, Sendable, Equatable {
  public var name: String
  public var words: String

  init(_ code: rd_kafka_resp_err_t) {
    name = unsafe String(cString: rd_kafka_err2name(code))
    words = unsafe String(cString: rd_kafka_err2str(code))
  }

  public init(name: String, words: String) {
    self.name = name
    self.words = words
  }

  /// The error of a call that returns one as an object, which is ours to destroy.
  init?(taking error: OpaquePointer?) {
    guard let error = unsafe error else { return nil }
    self.init(unsafe rd_kafka_error_code(error))
    unsafe rd_kafka_error_destroy(error)
  }
}
