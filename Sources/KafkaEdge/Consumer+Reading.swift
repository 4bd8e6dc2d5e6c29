import CRdkafka
import MeterModel
import MeterTelemetry

/// What the group says and what is done about it. All of it runs on the poll thread, and none of it waits for anybody but a
/// reader's own callback.
extension Consumer {
  func assign(_ logs: [TopicPartition], _ holding: inout Holding, _ observer: some ConsumerObserver) {
    holding.lastStay += 1
    for log in logs { holding.stays[log] = holding.lastStay }
    // Taken note of at once, with nothing to read yet: until then librdkafka takes part in no other rebalance, and the group would
    // wait for our database.
    let result = change(holding.isCooperative ? .add : .replace, [:])
    if let result { log.error("an assignment was not accepted", ["error": .string(result.words)]) }
    if !holding.isCooperative { holding.fetched = [] }
    holding.isStale = true
    isRebalancing.store(false, ordering: .releasing)
    observer.assigned(logs, stay: holding.lastStay)
    // Not before: whoever asks meanwhile would see a member that has nothing to do.
    isMember.store(true, ordering: .releasing)
  }

  func revoke(
    _ logs: [TopicPartition], isLost: Bool, _ holding: inout Holding, _ observer: some ConsumerObserver
  ) {
    isRebalancing.store(true, ordering: .releasing)
    if !holding.isCooperative || isLost { isMember.store(false, ordering: .releasing) }
    let faults = holding.end(logs)
    let stays = holding.stays.filter { logs.contains($0.key) }
    holding.leaving = Set(stays.keys)
    holding.isLost = isLost
    forgetCredit(logs)
    // A log that is gone and made anew looks sound to the next owner; only this one can tell. Newer librdkafka calls its partitions
    // lost; if somebody else had one already, the database would not take our word.
    for (log, fault) in faults { if let stay = stays[log] { observer.broken(log, stay: stay, fault) } }
    observer.revoked(stays, isLost: isLost)
  }

  /// A topic that we read is gone. Newer librdkafka says so only here, and then calls its partitions lost.
  func breakOff(_ error: KafkaError, _ holding: inout Holding, _ observer: some ConsumerObserver) {
    // The topic stands between colons in the words; a name has none.
    let gone = holding.readers.filter { error.words.contains(": \($0.key.topic): ") }
    _ = holding.end(gone.keys)
    for (log, reader) in gone {
      observer.broken(log, stay: reader.stay, LogFault(kind: .gone, offset: -1, error: error))
    }
  }

  func start(_ log: TopicPartition, _ stay: Int, _ offset: Int64, _ holding: inout Holding) {
    guard holding.stays[log] == stay, holding.readers[log] == nil, !holding.leaving.contains(log) else { return }
    let credit = Credit()
    holding.readers[log] = Holding.Reader(stay: stay, position: offset, credit: credit, drain: nil)
    credits.withLock { $0[log] = (stay, credit) }
    holding.isStale = true
  }

  func renew(_ log: TopicPartition, _ stay: Int, _ holding: inout Holding, _ observer: some ConsumerObserver) {
    guard holding.stays[log] == stay, !holding.leaving.contains(log) else { return }
    _ = holding.end([log])
    forgetCredit([log])
    holding.lastStay += 1
    holding.stays[log] = holding.lastStay
    observer.assigned([log], stay: holding.lastStay)
  }

  func finish(_ holding: inout Holding) {
    guard isRebalancing.load(ordering: .acquiring) else { return }
    // The generation is still ours, unless we lost it.
    if !holding.isLost { commitAdvice(of: holding.leaving) }
    let error =
      holding.isCooperative
      ? change(
        .remove, Dictionary(uniqueKeysWithValues: holding.leaving.intersection(holding.fetched).map { ($0, -1) }))
      : change(.clear, [:])
    if let error { log.error("partitions could not be let go", ["error": .string(error.words)]) }
    holding.fetched.subtract(holding.leaving)
    for log in holding.leaving { holding.stays[log] = nil }
    advice.withLock { advice in for log in holding.leaving { advice[log] = nil } }
    holding.leaving = []
  }

  /// Nobody says that the partitions are revoked when the client as a whole is done for.
  func expel(_ holding: inout Holding, _ observer: some ConsumerObserver) {
    var words = [CChar](repeating: 0, count: 512)
    let code = unsafe rd_kafka_fatal_error(client.pointer, &words, words.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
    revoke(Array(holding.stays.keys), isLost: true, &holding, observer)
    observer.expelled(KafkaError(code))
  }

  /// Brings what librdkafka fetches in line with what is to be read.
  func realize(_ holding: inout Holding, _ observer: some ConsumerObserver, _ now: Int64) {
    guard holding.isStale, holding.leaving.isEmpty, now >= holding.retryAt else { return }
    holding.isStale = false
    // Eager assignments are whole: whoever is read must stop and start again with the others.
    if !holding.isCooperative, !holding.isSettled { holding.interrupt() }
    let waiting = holding.readers.filter { $0.value.drain == nil }
    let surplus = holding.fetched.filter { holding.readers[$0]?.drain == nil }
    guard !waiting.isEmpty || !surplus.isEmpty else { return }
    var drains: [TopicPartition: PartitionDrain] = [:]
    for (log, reader) in waiting { drains[log] = drain(of: log, reader, observer) }
    let positions = waiting.mapValues(\.position)
    var error: KafkaError?
    if holding.isCooperative {
      if !surplus.isEmpty { error = change(.remove, Dictionary(uniqueKeysWithValues: surplus.map { ($0, -1) })) }
      if error == nil { holding.fetched.subtract(surplus) }
      if error == nil, !waiting.isEmpty { error = change(.add, positions) }
      if error == nil { holding.fetched.formUnion(waiting.keys) }
    } else {
      error = change(.replace, positions)
      if error == nil { holding.fetched = Set(waiting.keys) }
    }
    if let error {
      log.error("the assignment failed; it is tried again", ["error": .string(error.words)])
      holding.isStale = true
      holding.retryAt = now + Self.retryAfter
      return
    }
    for (log, drain) in drains {
      holding.readers[log]?.drain = drain
      drain.run()
    }
  }

  private static let retryAfter: Int64 = 1_000_000_000

  private func drain(
    of log: TopicPartition, _ reader: Holding.Reader, _ observer: some ConsumerObserver
  ) -> PartitionDrain {
    let pointer = unsafe rd_kafka_queue_get_partition(client.pointer, log.topic, log.partition)!
    // Off the main queue before the assignment: later it would leave messages there.
    unsafe rd_kafka_queue_forward(pointer, nil)
    let queue = unsafe Handle(pointer) { unsafe rd_kafka_queue_destroy($0) }
    // What stands in it is of an earlier reading, which either handed it on or will have it fetched again.
    PartitionDrain.sweep(queue)
    let stay = reader.stay
    return PartitionDrain(
      from: reader.position, client: client, queue: queue, credit: reader.credit, spare: spare,
      outlet: PartitionDrain.Outlet(
        deliver: { observer.received($0, of: log, stay: stay) },
        trouble: { observer.troubled(log, stay: stay, $0) },
        fail: { [weak self] fault in
          observer.broken(log, stay: stay, fault)
          // librdkafka would fetch the same bytes again and again.
          self?.send([.end(stay: stay, log)])
        }))
  }

  private func forgetCredit(_ logs: [TopicPartition]) {
    credits.withLock { credits in for log in logs { credits[log] = nil } }
  }

  private enum Change {
    /// Eager: this and nothing else is fetched.
    case replace
    /// Eager: the end of a revocation.
    case clear
    case add
    case remove
  }

  private func change(_ kind: Change, _ offsets: [TopicPartition: Int64]) -> KafkaError? {
    let list = unsafe Self.list(offsets)
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    switch kind {
    case .replace, .clear:
      let result = unsafe rd_kafka_assign(client.pointer, kind == .clear ? nil : list)
      return result == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(result)
    case .add: return unsafe KafkaError(taking: rd_kafka_incremental_assign(client.pointer, list))
    case .remove: return unsafe KafkaError(taking: rd_kafka_incremental_unassign(client.pointer, list))
    }
  }

  /// Held back while the group rebalances: librdkafka 2.0.2 would get an error for it and then lose every partition that stays.
  func commitAdvice(of logs: Set<TopicPartition>? = nil) {
    guard logs != nil || !isRebalancing.load(ordering: .acquiring) else { return }
    let offsets = advice.withLock { advice in
      let taken = advice.filter { logs?.contains($0.key) ?? true }
      for log in taken.keys { advice[log] = nil }
      return taken
    }
    guard !offsets.isEmpty else { return }
    let list = unsafe Self.list(offsets)
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    _ = unsafe rd_kafka_commit(client.pointer, list, 1)
  }

  private static func list(_ offsets: [TopicPartition: Int64]) -> UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
  {
    let list = unsafe rd_kafka_topic_partition_list_new(Int32(offsets.count))!
    for (log, offset) in offsets {
      unsafe rd_kafka_topic_partition_list_add(list, log.topic, log.partition).pointee.offset = offset
    }
    return unsafe list
  }
}
