import MeterModel

/// What the group gave us and what of it is read. The poll thread's own; nobody else touches it.
struct Holding {
  /// A partition that is read, or is about to be.
  struct Reader {
    let stay: Int
    /// Where reading begins, or goes on after an interruption.
    var position: Int64
    let credit: Credit
    /// Nil while reading is interrupted.
    var drain: PartitionDrain?
  }

  /// Whether a change of the group leaves in place what is not concerned by it.
  let isCooperative: Bool
  var lastStay = 0
  /// By partition: the number of its stay, from its coming until it is let go.
  var stays: [TopicPartition: Int] = [:]
  var readers: [TopicPartition: Reader] = [:]
  /// What librdkafka fetches for us; with a change under way it differs from the readers.
  var fetched: Set<TopicPartition> = []
  /// Revoked, and not let go yet.
  var leaving: Set<TopicPartition> = []
  /// Whether the group has taken the leaving ones away already.
  var isLost = false
  /// Whether readers and what librdkafka fetches differ.
  var isStale = false
  /// After a failure the next attempt comes no sooner; on the monotonic clock.
  var retryAt: Int64 = 0

  /// Whether librdkafka fetches what is read, and that is all.
  var isSettled: Bool { fetched == Set(readers.keys) && readers.allSatisfy { $0.value.drain != nil } }

  /// Ends the reading of these, at once: no batch leaves a drain after this returns. What librdkafka still had to say about a log
  /// comes back.
  mutating func end(_ logs: some Sequence<TopicPartition>) -> [TopicPartition: LogFault] {
    let ended = logs.compactMap { log in readers.removeValue(forKey: log)?.drain.map { (log, $0) } }
    if !ended.isEmpty { isStale = true }
    for (_, drain) in ended { drain.stop() }
    var faults: [TopicPartition: LogFault] = [:]
    for (log, drain) in ended {
      _ = drain.join()
      if let fault = drain.sweep() { faults[log] = fault }
    }
    return faults
  }

  /// Interrupts the reading of all that are read; each knows where it goes on.
  mutating func interrupt() {
    let running = readers.compactMap { log, reader in reader.drain.map { (log, $0) } }
    for (_, drain) in running { drain.stop() }
    for (log, drain) in running {
      readers[log]?.position = drain.join()
      readers[log]?.drain = nil
    }
  }
}
