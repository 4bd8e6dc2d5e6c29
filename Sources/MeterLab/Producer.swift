import CRdkafka

/// librdkafka's producer for one topic, whose every record comes back as a delivery report.
///
/// Used by one thread, which also takes the reports; librdkafka's own threads do the sending. Records and keys are copied
/// into its bounded queue at `send`.
@safe final class Producer {
  enum Outcome: Equatable {
    case queued
    /// Nothing was taken: take reports, then send again.
    case full
    /// There will be no report for this one.
    case refused(rd_kafka_resp_err_t)
  }

  /// Between two looks at anything else no more than this many events are taken from librdkafka.
  private static let eventsAtOnce = 64

  private let client: OpaquePointer
  private let topic: OpaquePointer
  private let reports: OpaquePointer
  /// Topic and flags, then what changes with each record: timestamp, key, value, and the timestamp again as the mark
  /// that comes back in the report.
  private let fields: UnsafeMutableBufferPointer<rd_kafka_vu_t>
  let partitions: Int

  init(_ options: ProducerOptions) throws(LabError) {
    let conf = unsafe rd_kafka_conf_new()
    // librdkafka's lines would break the progress line; what matters comes back in reports.
    unsafe rd_kafka_conf_set_log_cb(conf, nil)
    var reason = [CChar](repeating: 0, count: 512)
    let room = reason.count
    for (name, value) in options.settings {
      if unsafe rd_kafka_conf_set(conf, name, value, &reason, room) != RD_KAFKA_CONF_OK {
        unsafe rd_kafka_conf_destroy(conf)
        throw .property(name: name, value: value, reason: LabError.text(reason))
      }
    }
    unsafe rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
    guard let client = unsafe rd_kafka_new(RD_KAFKA_PRODUCER, conf, &reason, room) else {
      // rd_kafka_new() owns `conf` only when it succeeds.
      unsafe rd_kafka_conf_destroy(conf)
      throw .kafka(step: "rd_kafka_new", code: "_FAIL", reason: LabError.text(reason))
    }
    guard let topic = unsafe rd_kafka_topic_new(client, options.topic, nil) else {
      let code = rd_kafka_last_error()
      unsafe rd_kafka_destroy(client)
      throw .kafka(step: "topic '\(options.topic)'", code: code.name, reason: code.text)
    }
    do throws(LabError) {
      partitions = try unsafe Self.countPartitions(client, topic, options)
    } catch {
      unsafe rd_kafka_topic_destroy(topic)
      unsafe rd_kafka_destroy(client)
      throw error
    }
    unsafe self.client = client
    unsafe self.topic = topic
    // rd_kafka_queue_get_main() fails only for a null client.
    unsafe reports = rd_kafka_queue_get_main(client)
    unsafe fields = .allocate(capacity: 6)
    unsafe fields.initialize(repeating: rd_kafka_vu_t())
    unsafe fields[0].vtype = RD_KAFKA_VTYPE_RKT
    unsafe fields[0].u.rkt = topic
    unsafe fields[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS
    unsafe fields[1].u.i = RD_KAFKA_MSG_F_COPY
    unsafe fields[2].vtype = RD_KAFKA_VTYPE_TIMESTAMP
    unsafe fields[3].vtype = RD_KAFKA_VTYPE_KEY
    unsafe fields[4].vtype = RD_KAFKA_VTYPE_VALUE
    unsafe fields[5].vtype = RD_KAFKA_VTYPE_OPAQUE
  }

  /// Whoever wants the reports of what is still queued takes them before letting go; rd_kafka_destroy() drops the rest
  /// and waits for librdkafka's threads.
  deinit {
    unsafe fields.deallocate()
    unsafe rd_kafka_queue_destroy(reports)
    unsafe rd_kafka_topic_destroy(topic)
    unsafe rd_kafka_destroy(client)
  }

  func send(_ record: borrowing GeneratedRecord) -> Outcome {
    unsafe record.key.withUnsafeBytes { key in
      unsafe record.value.withUnsafeBytes { value in
        unsafe fields[2].u.i64 = record.timestampMs
        // librdkafka copies from both before produceva returns, and writes to neither.
        unsafe fields[3].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: key.baseAddress), size: key.count)
        unsafe fields[4].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: value.baseAddress), size: value.count)
        unsafe fields[5].u.ptr = UnsafeMutableRawPointer(bitPattern: Int(record.timestampMs))
        return unsafe produce(UnsafeBufferPointer(fields))
      }
    }
  }

  /// To its own partition, with everything that it has.
  func send(_ record: borrowing ReplayedRecord) -> Outcome {
    let headers = unsafe rd_kafka_headers_new(record.headers.count)
    for header in record.headers { unsafe Self.add(header, to: headers) }
    let outcome = unsafe Self.withBytes(record.key) { key, keyCount in
      unsafe Self.withBytes(record.value) { value, valueCount in
        var fields = unsafe [rd_kafka_vu_t](self.fields) + [rd_kafka_vu_t(), rd_kafka_vu_t()]
        unsafe fields[2].u.i64 = record.timestampMs
        unsafe fields[3].u.mem = .init(ptr: key, size: keyCount)
        unsafe fields[4].u.mem = .init(ptr: value, size: valueCount)
        unsafe fields[5].u.ptr = UnsafeMutableRawPointer(bitPattern: Int(record.timestampMs))
        unsafe fields[6].vtype = RD_KAFKA_VTYPE_PARTITION
        unsafe fields[6].u.i32 = Int32(record.partition)
        unsafe fields[7].vtype = RD_KAFKA_VTYPE_HEADERS
        unsafe fields[7].u.headers = headers
        return unsafe fields.withUnsafeBufferPointer { unsafe produce($0) }
      }
    }
    // rd_kafka_produceva() owns the headers only when it has taken the record.
    if outcome != .queued { unsafe rd_kafka_headers_destroy(headers) }
    return outcome
  }

  private func produce(_ fields: UnsafeBufferPointer<rd_kafka_vu_t>) -> Outcome {
    guard let refusal = unsafe rd_kafka_produceva(client, fields.baseAddress, fields.count) else { return .queued }
    let code = unsafe rd_kafka_error_code(refusal)
    unsafe rd_kafka_error_destroy(refusal)
    return code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? .full : .refused(code)
  }

  private static func add(_ header: RecordHeader, to headers: OpaquePointer?) {
    unsafe header.name.withUnsafeBytes { name in
      unsafe withBytes(header.value) { value, count in
        let text = unsafe name.assumingMemoryBound(to: CChar.self)
        _ = unsafe rd_kafka_header_add(headers, text.baseAddress, text.count, value, count)
      }
    }
  }

  /// What is not there is a null pointer, and no bytes are a pointer to none: that is how librdkafka tells the two apart. It copies
  /// before it returns, and writes to neither.
  private static func withBytes<Value>(
    _ bytes: [UInt8]?, _ body: (UnsafeMutableRawPointer?, Int) -> Value
  ) -> Value {
    guard let bytes else { return body(nil, 0) }
    // An empty array need not have an address.
    let addressed = bytes + [0]
    return unsafe addressed.withUnsafeBytes { buffer in
      unsafe body(UnsafeMutableRawPointer(mutating: buffer.baseAddress), bytes.count)
    }
  }

  /// Hands reports to the ledger; waits up to `timeoutMs` when there are none yet.
  func takeReports(timeoutMs: Int32, into ledger: DeliveryLedger) throws(LabError) {
    var wait = timeoutMs
    for _ in 0..<Self.eventsAtOnce {
      guard let event = unsafe rd_kafka_queue_poll(reports, wait) else { return }
      // The messages of a report live as long as its event.
      defer { unsafe rd_kafka_event_destroy(event) }
      wait = 0
      switch unsafe rd_kafka_event_type(event) {
      case RD_KAFKA_EVENT_DR:
        // One event is one batch. Where the broker had it already, librdkafka numbers it from -1 on: none of these is an offset.
        var isPlaced = true
        while let message = unsafe rd_kafka_event_message_next(event) {
          isPlaced = unsafe isPlaced && message.pointee.offset >= 0
          try unsafe take(message, isPlaced: isPlaced, into: ledger)
        }
      case RD_KAFKA_EVENT_ERROR:
        // Anything less, as a broker that went away, is retried, and shows in the reports if it lasts.
        if unsafe rd_kafka_event_error_is_fatal(event) != 0 { ledger.endDeliveries() }
      default: break
      }
    }
  }

  private func take(
    _ message: UnsafePointer<rd_kafka_message_t>, isPlaced: Bool, into ledger: DeliveryLedger
  ) throws(LabError) {
    let code = unsafe message.pointee.err
    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
      ledger.fail(code.name)
      return
    }
    let partition = unsafe Int(message.pointee.partition)
    let offset = unsafe isPlaced ? message.pointee.offset : -1
    // A topic may stamp records on arrival, and says so. The mock cluster says so too, with 1,234 ms since 1970, yet keeps
    // what was sent.
    var stamp = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let reportedMs = unsafe rd_kafka_message_timestamp(message, &stamp)
    let sentMs = unsafe Int64(Int(bitPattern: message.pointee._private))
    let isStampedThere = stamp == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME && reportedMs >= EventStream.startNsMin / 1_000_000
    let timestampMs = isStampedThere ? reportedMs : sentMs
    let key = unsafe UnsafeRawBufferPointer(start: message.pointee.key, count: message.pointee.key_len)
    let value = unsafe UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len)
    try ledger.acknowledge(
      partition: partition, offset: offset, timestampMs: timestampMs,
      key: unsafe key.assumingMemoryBound(to: UInt8.self).span,
      value: unsafe value.assumingMemoryBound(to: UInt8.self).span, shape: unsafe Self.shape(of: message))
  }

  private static func shape(of message: UnsafePointer<rd_kafka_message_t>) -> RecordShape {
    var shape = RecordShape.plain
    shape.hasKey = unsafe message.pointee.key != nil
    shape.hasValue = unsafe message.pointee.payload != nil
    var headers: OpaquePointer?
    guard unsafe rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR else { return shape }
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    var place = 0
    while unsafe rd_kafka_header_get_all(headers, place, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
      let bytes = unsafe value.map { unsafe Array(UnsafeRawBufferPointer(start: $0, count: size)) }
      shape.headers.append(
        RecordHeader(name: unsafe name.map { unsafe Array(String(cString: $0).utf8) } ?? [], value: bytes))
      place += 1
    }
    return shape
  }

  /// Gives up what Kafka has not acknowledged; each still gets a report, a failed one.
  func abandon() {
    unsafe rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
  }

  /// Asks until the topic has partitions, as a topic that is made by being asked for takes a moment.
  private static func countPartitions(
    _ client: OpaquePointer, _ topic: OpaquePointer, _ options: ProducerOptions
  ) throws(LabError) -> Int {
    let startedNs = MachineClock.monotonicNs()
    var waitedMs = 0
    while true {
      var found: UnsafePointer<rd_kafka_metadata>?
      let leftMs = Int32(max(1, options.startTimeoutMs - waitedMs))
      var code = unsafe rd_kafka_metadata(client, 0, topic, &found, leftMs)
      if let metadata = unsafe found {
        defer { unsafe rd_kafka_metadata_destroy(metadata) }
        if unsafe metadata.pointee.topic_cnt == 1 {
          let entry = unsafe metadata.pointee.topics[0]
          if unsafe entry.err == RD_KAFKA_RESP_ERR_NO_ERROR, unsafe entry.partition_cnt > 0 {
            return unsafe Int(entry.partition_cnt)
          }
          code = unsafe entry.err
        }
      }
      waitedMs = Int((MachineClock.monotonicNs() - startedNs) / 1_000_000)
      if waitedMs >= options.startTimeoutMs {
        throw .unreachable(
          servers: options.bootstrapServers, topic: options.topic, code: code.name, waitedMs: waitedMs)
      }
      MachineClock.sleep(ns: 100_000_000)
    }
  }
}
