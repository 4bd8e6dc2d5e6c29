import MeterModel

/// Whoever wants to hear from the consumer. Calls come from the consumer's threads and must return at once.
///
/// A stay is the time between a partition's coming and its going, numbered; what belongs to an earlier stay is dropped.
public protocol ConsumerObserver: Sendable {
  /// Partitions came; nothing is read of one before `Consumer.start`.
  func assigned(_ logs: [TopicPartition], stay: Int)
  /// Their reading has ended; `Consumer.finish` lets them go. When they are lost, somebody else may have them already.
  func revoked(_ stays: [TopicPartition: Int], isLost: Bool)
  func received(_ batch: RecordBatch, of log: TopicPartition, stay: Int)
  /// Nothing comes for now, and nothing was skipped; with the next batch it is over.
  func troubled(_ log: TopicPartition, stay: Int, _ error: KafkaError)
  /// The log cannot be read on; nothing comes of it any more in this stay.
  func broken(_ log: TopicPartition, stay: Int, _ fault: LogFault)
  /// The group will never have us again.
  func expelled(_ error: KafkaError)
}
