import Dispatch
import KafkaEdge
import MeterCore
import MeterModel
import MeterTelemetry
import Synchronization

/// Stands between the group and the lanes: hands out the partitions of a stay, starts reading when all of them are claimed, and lets
/// them go when all of them are drained, or when the time for that is over.
final class Assignment: ConsumerObserver {
  /// Far below `max.poll.interval.ms`, whose default is five minutes, and below the session's rebalance for most groups.
  private static let drainSeconds = 20
  /// Even with a great many partitions, one may hold a batch's worth of counts.
  private static let pendingBytesMin = 1 << 20

  private struct State {
    var stay = 0
    var logs: Set<TopicPartition> = []
    /// Claims that are still awaited before reading starts.
    var awaited: Set<TopicPartition> = []
    var offsets: [TopicPartition: Int64] = [:]
    var isRevoked = false
  }

  private let lanes: [Lane]
  private let bounds: Mutex<PartitionRound.Bounds>
  private let consumer: Consumer
  private let gauges: DaemonMetrics
  private let log: Log
  private let state = Mutex(State())

  /// `bounds.pendingBytes` is for all partitions together; each gets its share.
  init(
    lanes: [Lane], consumer: Consumer, gauges: DaemonMetrics, log: Log,
    bounds: PartitionRound.Bounds
  ) {
    self.lanes = lanes
    self.consumer = consumer
    self.gauges = gauges
    self.log = log
    self.bounds = Mutex(bounds)
  }

  /// Takes effect at once, for what stays and for what comes.
  func rebound(interval: TimeSpan, rows: Int) {
    let change: @Sendable (inout PartitionRound.Bounds) -> Void = { bounds in
      bounds.flushInterval = interval
      bounds.flushRows = rows
    }
    bounds.withLock { change(&$0) }
    for lane in lanes { lane.rebound(change) }
  }

  private func lane(of log: TopicPartition) -> Lane { lanes[Int(log.partition) % lanes.count] }

  func assigned(_ logs: [TopicPartition], stay: Int) {
    log.info("partitions assigned", ["stay": .int(stay), "partitions": .int(logs.count)])
    state.withLock { $0 = State(stay: stay, logs: Set(logs), awaited: Set(logs)) }
    var bounds = bounds.withLock { $0 }
    bounds.pendingBytes = max(Self.pendingBytesMin, bounds.pendingBytes / max(1, logs.count))
    for log in logs {
      gauges.watch(log)
      lane(of: log).assign(log, stay: stay, bounds: bounds)
    }
    if logs.isEmpty { consumer.start(stay: stay, [:]) }
  }

  func ready(_ partition: TopicPartition, stay: Int, from offset: Int64?) {
    let start = state.withLock { state -> [TopicPartition: Int64]? in
      guard state.stay == stay, state.awaited.remove(partition) != nil else { return nil }
      if let offset { state.offsets[partition] = offset }
      return state.awaited.isEmpty && !state.isRevoked ? state.offsets : nil
    }
    if let start {
      log.info("reading", ["stay": .int(stay), "partitions": .int(start.count)])
      consumer.start(stay: stay, start)
    }
  }

  func revoked(stay: Int, isLost: Bool) {
    log.info("partitions revoked", ["stay": .int(stay), "lost": .bool(isLost)])
    let leaving = state.withLock { state -> Set<TopicPartition> in
      guard state.stay == stay else { return [] }
      state.isRevoked = true
      return state.logs
    }
    guard !leaving.isEmpty else { return consumer.finish(stay: stay) }
    for partition in leaving { lane(of: partition).hand(isLost ? .lost : .revoked, of: partition, stay: stay) }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Self.drainSeconds)) { [self] in giveUp(stay) }
  }

  /// What could not be flushed in time is dropped: the next owner counts it from the cursor.
  private func giveUp(_ stay: Int) {
    let left = state.withLock { $0.stay == stay && $0.isRevoked ? $0.logs : [] }
    guard !left.isEmpty else { return }
    log.warn(
      "the final flush took too long; its counts are dropped here",
      ["stay": .int(stay), "partitions": .int(left.count)])
    for partition in left { lane(of: partition).hand(.lost, of: partition, stay: stay) }
  }

  func released(_ partition: TopicPartition, stay: Int) {
    gauges.forget(partition)
    let (isDone, start) = state.withLock { state -> (Bool, [TopicPartition: Int64]?) in
      guard state.stay == stay else { return (false, nil) }
      state.logs.remove(partition)
      if state.isRevoked { return (state.logs.isEmpty, nil) }
      // Gone before reading began: the others need not wait for it.
      let wasAwaited = state.awaited.remove(partition) != nil
      return (false, wasAwaited && state.awaited.isEmpty ? state.offsets : nil)
    }
    if let start { consumer.start(stay: stay, start) }
    if isDone { consumer.finish(stay: stay) }
  }

  func received(_ batch: RecordBatch, of partition: TopicPartition, stay: Int) {
    lane(of: partition).receive(batch, of: partition, stay: stay)
  }

  func broken(_ partition: TopicPartition, stay: Int, _ error: KafkaError) {
    lane(of: partition).hand(
      .broken("the log cannot be read on: \(error.name) \(error.words)"), of: partition, stay: stay)
  }
}
