import CRdkafka

/// librdkafka's in-memory test cluster as a thing: brokers on 127.0.0.1 that other processes can use over TCP.
///
/// What it gives up: nothing is on disk, there is no access control, and a partition keeps about 5 MB as stored (so
/// compressed counts compressed) or 100,000 batches, then silently drops its oldest. A new consumer group waits 3 s for
/// members, so a session timeout under that never gets an assignment. An empty fetch is answered only after its whole
/// wait. A topic that is asked for springs into being with four partitions.
@safe public final class MockBroker {
  public static let brokersMax = 32
  public static let partitionsMax = 10_000

  /// librdkafka wants a client for its own book-keeping; it connects nowhere.
  private let client: OpaquePointer
  private let cluster: OpaquePointer
  public let brokers: Int

  /// `127.0.0.1:PORT`, one per broker, with commas in between.
  public let bootstrapServers: String

  public init(brokers: Int, topics: [(name: String, partitions: Int)]) throws(LabError) {
    guard (1...Self.brokersMax).contains(brokers) else {
      throw .option(name: "brokers", value: "\(brokers)", bound: "1 to \(Self.brokersMax)")
    }
    self.brokers = brokers
    let conf = unsafe rd_kafka_conf_new()
    // Without a log callback librdkafka says nothing; its lines would stand between the answers.
    unsafe rd_kafka_conf_set_log_cb(conf, nil)
    var reason = [CChar](repeating: 0, count: 512)
    let room = reason.count
    guard let client = unsafe rd_kafka_new(RD_KAFKA_PRODUCER, conf, &reason, room) else {
      // rd_kafka_new() owns `conf` only when it succeeds.
      unsafe rd_kafka_conf_destroy(conf)
      throw .kafka(step: "rd_kafka_new", code: "_FAIL", reason: LabError.text(reason))
    }
    guard let cluster = unsafe rd_kafka_mock_cluster_new(client, Int32(brokers)) else {
      unsafe rd_kafka_destroy(client)
      throw .kafka(step: "rd_kafka_mock_cluster_new", code: "_FAIL", reason: "\(brokers) brokers on 127.0.0.1")
    }
    unsafe self.client = client
    unsafe self.cluster = cluster
    bootstrapServers = unsafe String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    for topic in topics { try createTopic(topic.name, partitions: topic.partitions) }
  }

  deinit {
    unsafe rd_kafka_mock_cluster_destroy(cluster)
    unsafe rd_kafka_destroy(client)
  }

  public func createTopic(_ topic: String, partitions: Int) throws(LabError) {
    try Self.checkName(topic)
    guard (1...Self.partitionsMax).contains(partitions) else {
      throw .option(name: "partitions of \(topic)", value: "\(partitions)", bound: "1 to \(Self.partitionsMax)")
    }
    let replicas = Int32(min(brokers, 3))
    try check("topic", unsafe rd_kafka_mock_topic_create(cluster, topic, Int32(partitions), replicas))
  }

  /// The next `count` requests of this kind, at whatever broker, are answered with the error instead of being served.
  /// `_TRANSPORT` cuts the connection.
  public func pushErrors(_ error: rd_kafka_resp_err_t, for key: ApiKey, count: Int) {
    let errors = [rd_kafka_resp_err_t](repeating: error, count: count)
    unsafe rd_kafka_mock_push_request_errors_array(cluster, key.number, errors.count, errors)
  }

  public func clearErrors(for key: ApiKey) {
    unsafe rd_kafka_mock_clear_request_errors(cluster, key.number)
  }

  /// Every answer of the broker is delayed by this much.
  public func setRoundTrip(ms: Int, broker: Int32) throws(LabError) {
    try checkBroker(broker)
    try check("rtt", unsafe rd_kafka_mock_broker_set_rtt(cluster, broker, Int32(ms)))
  }

  /// Cuts all connections and takes no new ones; leaders stay where they are.
  public func takeDown(broker: Int32) throws(LabError) {
    try checkBroker(broker)
    try check("down", unsafe rd_kafka_mock_broker_set_down(cluster, broker))
  }

  public func bringUp(broker: Int32) throws(LabError) {
    try checkBroker(broker)
    try check("up", unsafe rd_kafka_mock_broker_set_up(cluster, broker))
  }

  /// Broker -1 leaves the partition without a leader.
  public func setLeader(topic: String, partition: Int32, broker: Int32) throws(LabError) {
    try Self.checkName(topic)
    if broker != -1 { try checkBroker(broker) }
    try check("leader", unsafe rd_kafka_mock_partition_set_leader(cluster, topic, partition, broker))
  }

  /// Consumers are told to fetch from this broker.
  public func setFollower(topic: String, partition: Int32, broker: Int32) throws(LabError) {
    try Self.checkName(topic)
    try check("follower", unsafe rd_kafka_mock_partition_set_follower(cluster, topic, partition, broker))
  }

  /// Moves the watermarks that the follower shows; -1 goes back to the leader's. The leader's cannot be moved.
  public func setFollowerWatermarks(topic: String, partition: Int32, low: Int64, high: Int64) throws(LabError) {
    try Self.checkName(topic)
    try check(
      "watermarks", unsafe rd_kafka_mock_partition_set_follower_wmarks(cluster, topic, partition, low, high))
  }

  /// Metadata requests answer with this error for the topic; `NO_ERROR` heals it.
  public func setError(_ error: rd_kafka_resp_err_t, topic: String) throws(LabError) {
    try Self.checkName(topic)
    unsafe rd_kafka_mock_topic_set_error(cluster, topic, error)
  }

  public func setCoordinator(group: String, broker: Int32) throws(LabError) {
    try check("coordinator", unsafe rd_kafka_mock_coordinator_set(cluster, "group", group, broker))
  }

  /// Kafka's own rule for names, which the mock does not enforce.
  private static func checkName(_ topic: String) throws(LabError) {
    let isLegal = topic.utf8.allSatisfy { byte in
      switch byte {
      case 45, 46, 95, 48...57, 65...90, 97...122: true
      default: false
      }
    }
    if !isLegal || !(1...249).contains(topic.utf8.count) || topic == "." || topic == ".." {
      throw .option(name: "topic", value: topic, bound: "1 to 249 of a-z A-Z 0-9 . _ -")
    }
  }

  /// -1 stands for all of them.
  private func checkBroker(_ broker: Int32) throws(LabError) {
    if broker != -1, !(1...Int32(brokers)).contains(broker) {
      throw .option(name: "broker id", value: "\(broker)", bound: "1 to \(brokers)")
    }
  }

  private func check(_ step: String, _ result: rd_kafka_resp_err_t) throws(LabError) {
    if result != RD_KAFKA_RESP_ERR_NO_ERROR { throw .kafka(step: step, code: result.name, reason: result.text) }
  }
}
