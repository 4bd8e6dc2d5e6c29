import Dispatch
import KafkaEdge
import MeterCore
import MeterModel
import MeterTelemetry
import PostgresEdge
import Synchronization

/// Stands between the group and the lanes: hands out the partitions that come, starts reading those that are claimed, and lets the
/// revoked ones go when all of them are drained, or when the time for that is over.
final class Assignment: ConsumerObserver {
  /// Far below `max.poll.interval.ms`, whose default is five minutes, and below the session's rebalance for most groups.
  private static let drainSeconds = 20
  /// Partitions that come together start together, as a start may interrupt the others; one that cannot be claimed keeps them waiting
  /// no longer than this.
  private static let startPatience = DispatchTimeInterval.milliseconds(1_500)
  /// A daemon that the group has given up hears so with its next heartbeat, three seconds apart by default. Who claims again sooner
  /// would take the partition from its rightful owner.
  private static let fencePatience = DispatchTimeInterval.seconds(10)
  private static let troublePatience = DispatchTimeInterval.seconds(10)
  /// Even with a great many partitions, one may hold a batch's worth of counts.
  private static let pendingBytesMin = 1 << 20

  private struct State {
    /// Partitions that a lane has, with the number of their stay.
    var living: [TopicPartition: Int] = [:]
    /// Claims that are still awaited.
    var awaited: Set<TopicPartition> = []
    /// Claimed, and not read yet.
    var claimed: [TopicPartition: (stay: Int, offset: Int64)] = [:]
    /// Whether somebody will come and start what is claimed by then.
    var isStarting = false
    /// Revoked, and not drained yet.
    var leaving: Set<TopicPartition> = []
    /// They end their stay to begin another.
    var renewing: Set<TopicPartition> = []
  }

  private let lanes: [Lane]
  private let bounds: Mutex<PartitionRound.Bounds>
  private let consumer: Consumer
  private let gauges: DaemonMetrics
  private let log: Log
  private let state = Mutex(State())
  private let expulsion: @Sendable (Complaint) -> Void

  /// `bounds.pendingBytes` is for all partitions together; each gets its share. `expulsion` hears when the group will never have this
  /// process again.
  init(
    lanes: [Lane], consumer: Consumer, gauges: DaemonMetrics, log: Log, bounds: PartitionRound.Bounds,
    expulsion: @escaping @Sendable (Complaint) -> Void
  ) {
    self.lanes = lanes
    self.consumer = consumer
    self.gauges = gauges
    self.log = log
    self.bounds = Mutex(bounds)
    self.expulsion = expulsion
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

  /// Somebody wants quarantined events of these replayed; those that are not here concern others.
  func replay(_ wanted: [TopicPartition]) {
    let here = state.withLock { state in wanted.compactMap { log in state.living[log].map { (log, $0) } } }
    for (log, stay) in here { lane(of: log).hand(.replayWanted, of: log, stay: stay) }
  }

  /// The catalog, or the clock, has changed something for tenants.
  func hear(_ changes: TenantChanges) {
    for lane in lanes { lane.hear(changes) }
  }

  /// Whatever is known of tenants is asked for again.
  func forgetTenants() {
    for lane in lanes { lane.forgetTenants() }
  }

  func hasten() {
    for lane in lanes { lane.hasten() }
  }

  private func lane(of log: TopicPartition) -> Lane { lanes[Int(log.partition) % lanes.count] }

  // The group.

  func assigned(_ logs: [TopicPartition], stay: Int) {
    log.info("partitions assigned", ["stay": .int(stay), "partitions": .int(logs.count)])
    let count = state.withLock { state in
      for log in logs { state.living[log] = stay }
      state.awaited.formUnion(logs)
      return state.living.count
    }
    var bounds = bounds.withLock { $0 }
    let share = max(Self.pendingBytesMin, bounds.pendingBytes / max(1, count))
    bounds.pendingBytes = share
    for lane in lanes { lane.rebound { $0.pendingBytes = share } }
    for log in logs {
      gauges.watch(log)
      lane(of: log).assign(log, stay: stay, bounds: bounds)
    }
  }

  func revoked(_ stays: [TopicPartition: Int], isLost: Bool) {
    log.info("partitions revoked", ["partitions": .int(stays.count), "lost": .bool(isLost)])
    let leaving = state.withLock { state in
      let leaving = state.living.filter { stays[$0.key] == $0.value }
      for log in stays.keys {
        state.awaited.remove(log)
        state.claimed[log] = nil
        state.renewing.remove(log)
      }
      state.leaving = Set(leaving.keys)
      return leaving
    }
    // What was fenced has left its lane already, and is nobody's to speak of any more.
    for (log, stay) in stays where leaving[log] == nil { lane(of: log).forget(log, stay: stay) }
    guard !leaving.isEmpty else { return consumer.finish() }
    for (partition, stay) in leaving { lane(of: partition).hand(isLost ? .lost : .revoked, of: partition, stay: stay) }
    giveUp(leaving)
  }

  /// What could not be flushed in time is dropped: the next owner counts it from the cursor.
  private func giveUp(_ stays: [TopicPartition: Int]) {
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Self.drainSeconds)) { [self] in
      let left = state.withLock { state in state.living.filter { stays[$0.key] == $0.value } }
      guard !left.isEmpty else { return }
      log.warn(
        "the final flush took too long; its counts are dropped here", ["partitions": .int(left.count)])
      for (partition, stay) in left { lane(of: partition).hand(.lost, of: partition, stay: stay) }
    }
  }

  func received(_ batch: RecordBatch, of partition: TopicPartition, stay: Int) {
    lane(of: partition).receive(batch, of: partition, stay: stay)
  }

  func troubled(_ partition: TopicPartition, stay: Int, _ error: KafkaError) {
    log.warn(
      "a partition cannot be read for now",
      ["log": .string(partition.description), "error": .string(error.name), "detail": .string(error.words)])
    lane(of: partition).trouble(partition, stay: stay, "\(error.name) \(error.words)")
    lookAgain(partition, stay)
  }

  /// librdkafka says when reading fails and not when it works again, which an idle partition would never show.
  private func lookAgain(_ partition: TopicPartition, _ stay: Int) {
    DispatchQueue.global().asyncAfter(deadline: .now() + Self.troublePatience) { [self] in
      guard state.withLock({ $0.living[partition] == stay }) else { return }
      switch consumer.watermarks(partition, timeoutMs: 5_000) {
      case .success: lane(of: partition).trouble(partition, stay: stay, nil)
      case .failure: lookAgain(partition, stay)
      }
    }
  }

  func broken(_ partition: TopicPartition, stay: Int, _ fault: LogFault) {
    lane(of: partition).breakOff(partition, stay: stay, fault.reason)
  }

  func expelled(_ error: KafkaError) {
    log.error(
      "the group has expelled this member for good", ["error": .string(error.name), "detail": .string(error.words)])
    let isFenced = error.name == "FENCED_INSTANCE_ID"
    expulsion(
      Complaint(
        isFenced ? .configuration : .unavailable, at: "kafka",
        isFenced
          ? "another daemon has joined the group under this one's kafka.instance_id"
          : "the client cannot go on (\(error.name): \(error.words))",
        remedy: isFenced ? "give each daemon one of its own" : "start the daemon again"))
  }

  // The lanes.

  /// The partition may be read from the offset; nil: it is halted and stays unread.
  func ready(_ partition: TopicPartition, stay: Int, from offset: Int64?) {
    let waits = state.withLock { state -> Bool in
      guard state.living[partition] == stay, state.awaited.remove(partition) != nil else { return false }
      if let offset { state.claimed[partition] = (stay, offset) }
      guard !state.claimed.isEmpty, !state.awaited.isEmpty, !state.isStarting else { return false }
      state.isStarting = true
      return true
    }
    if waits {
      DispatchQueue.global().asyncAfter(deadline: .now() + Self.startPatience) { [self] in
        state.withLock { $0.isStarting = false }
        start(isPatient: false)
      }
    }
    start(isPatient: true)
  }

  /// Starts what is claimed; the patient wait for the rest.
  private func start(isPatient: Bool) {
    let claimed = state.withLock { state -> [TopicPartition: (stay: Int, offset: Int64)] in
      if isPatient, !state.awaited.isEmpty { return [:] }
      defer { state.claimed = [:] }
      return state.claimed
    }
    guard !claimed.isEmpty else { return }
    log.info("reading", ["partitions": .int(claimed.count)])
    consumer.start(claimed)
  }

  func released(_ partition: TopicPartition, stay: Int) {
    enum Next { case nothing, finish, renew, renewLater }
    let next = state.withLock { state -> Next in
      guard state.living[partition] == stay else { return .nothing }
      gauges.forget(partition)
      state.living[partition] = nil
      state.awaited.remove(partition)
      state.claimed[partition] = nil
      if state.leaving.remove(partition) != nil {
        lane(of: partition).forget(partition, stay: stay)
        return state.leaving.isEmpty ? .finish : .nothing
      }
      return state.renewing.remove(partition) != nil ? .renew : .renewLater
    }
    switch next {
    case .nothing: break
    case .finish: consumer.finish()
    case .renew: consumer.renew(partition, stay: stay)
    case .renewLater:
      // The group still says that it is ours, and whoever claimed it may have let it go: nobody else would come for it.
      DispatchQueue.global().asyncAfter(deadline: .now() + Self.fencePatience) { [self] in
        consumer.renew(partition, stay: stay)
      }
    }
    // The others need not wait for it.
    start(isPatient: true)
  }

  /// An operator lets halted partitions go on: their stay ends here and they are claimed anew.
  func renew(_ halted: [TopicPartition: Int]) {
    let ending = state.withLock { state in
      let ending = halted.filter { state.living[$0.key] == $0.value && !state.leaving.contains($0.key) }
      let fresh = ending.filter { !state.renewing.contains($0.key) }
      state.renewing.formUnion(fresh.keys)
      return fresh
    }
    guard !ending.isEmpty else { return }
    for (partition, stay) in ending {
      log.info("the halt was lifted", ["log": .string(partition.description)])
      lane(of: partition).hand(.revoked, of: partition, stay: stay)
    }
    giveUp(ending)
  }
}
