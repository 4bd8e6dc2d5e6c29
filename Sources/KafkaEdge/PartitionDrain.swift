import CRdkafka
import Dispatch
import MeterModel
import Synchronization

/// Takes one partition's messages off its queue, in order, for one stay.
///
/// A thread of its own sits in librdkafka's callback loop, copies each message into a batch and hands full batches on. It reads only
/// while it has credit: a batch costs one, and whoever is done with a batch gives it back, so that a slow consumer is felt as a
/// full queue in librdkafka and not as memory here. A message below the expected offset is a stale delivery and dropped; the
/// message's own offset is the truth, never the library's position.
final class PartitionDrain: Sendable {
  static let credits = 2
  static let recordsMax = 4_096
  static let bytesMax = 1 << 20
  private static let pollTimeoutMs: Int32 = 50

  let log: TopicPartition
  private let client: Handle
  private let queue: Handle
  private let start: Int64
  // Made empty and filled: one that is let go below the value it was made with ends the process.
  private let credit = DispatchSemaphore(value: 0)
  private let isStopping = Atomic<Bool>(false)
  private let isDone = DispatchSemaphore(value: 0)
  private let deliver: @Sendable (RecordBatch) -> Void
  private let fail: @Sendable (KafkaError) -> Void
  private let spare: BatchPool

  init(
    log: TopicPartition, start: Int64, client: Handle, queue: Handle, spare: BatchPool,
    deliver: @escaping @Sendable (RecordBatch) -> Void, fail: @escaping @Sendable (KafkaError) -> Void
  ) {
    self.log = log
    self.start = start
    self.client = client
    self.queue = queue
    self.spare = spare
    self.deliver = deliver
    self.fail = fail
  }

  func run() {
    for _ in 0..<Self.credits { credit.signal() }
    startThread { [self] in
      loop()
      isDone.signal()
    }
  }

  /// Gives back the credit of one batch.
  func giveCredit() { credit.signal() }

  /// Asks the thread to end; `join` waits until it has.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    credit.signal()
    unsafe rd_kafka_queue_yield(queue.pointer)
  }

  func join() { isDone.wait() }

  /// What the callback fills; lives on the drain's own stack.
  @safe
  fileprivate struct Filling {
    var batch: RecordBatch
    var expected: Int64
    var error: KafkaError?
    let client: OpaquePointer
    unowned let drain: PartitionDrain

    mutating func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
      guard unsafe message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
        unsafe note(message.pointee.err)
        return
      }
      let offset = unsafe message.pointee.offset
      // After a failure nothing behind it may be counted: the cursor would pass over the gap.
      guard error == nil, offset >= expected else { return }
      var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
      let timestamp = unsafe rd_kafka_message_timestamp(message, &kind)
      // The payload is librdkafka's and gone when the callback returns: copy.
      let value = unsafe message.pointee.payload.map {
        unsafe UnsafeRawBufferPointer(start: $0, count: message.pointee.len)
      }
      unsafe batch.append(
        offset: offset, timestampMs: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp, value: value)
      unsafe takeHeaders(message)
      expected = offset + 1
      let isFull = batch.records.count >= PartitionDrain.recordsMax || batch.byteCount >= PartitionDrain.bytesMax
      // Ends the call after this message and puts the rest back into the queue.
      if isFull || drain.isStopping.load(ordering: .acquiring) { unsafe rd_kafka_yield(client) }
    }

    private mutating func takeHeaders(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
      var headers: OpaquePointer?
      guard unsafe rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR,
        let headers = unsafe headers
      else { return }
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var length = 0
      let count = unsafe rd_kafka_header_cnt(headers)
      for index in 0..<count {
        guard unsafe rd_kafka_header_get_all(headers, index, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR,
          let name = unsafe name
        else { return }
        let nameBytes = unsafe UnsafeRawBufferPointer(start: name, count: strnlen(name))
        let valueBytes = unsafe value.map { unsafe UnsafeRawBufferPointer(start: $0, count: length) }
        unsafe batch.appendHeader(name: nameBytes, value: valueBytes)
      }
    }

    private mutating func note(_ code: rd_kafka_resp_err_t) {
      if code == RD_KAFKA_RESP_ERR__PARTITION_EOF { return }
      if error == nil { error = KafkaError(code) }
    }

    private func strnlen(_ text: UnsafePointer<CChar>) -> Int {
      var length = 0
      while unsafe text[length] != 0 { length += 1 }
      return length
    }
  }

  private func loop() {
    var filling = unsafe Filling(batch: spare.take(), expected: start, error: nil, client: client.pointer, drain: self)
    while !isStopping.load(ordering: .acquiring) {
      credit.wait()
      var hasCredit = true
      while hasCredit, !isStopping.load(ordering: .acquiring) {
        unsafe withUnsafeMutablePointer(to: &filling) { filling in
          _ = unsafe rd_kafka_consume_callback_queue(
            queue.pointer, Self.pollTimeoutMs,
            { message, filling in
              guard let message = unsafe message, let filling = unsafe filling else { return }
              unsafe filling.assumingMemoryBound(to: Filling.self).pointee.take(message)
            }, filling)
        }
        if !filling.batch.isEmpty {
          filling.batch.close()
          deliver(filling.batch)
          filling.batch = spare.take()
          hasCredit = false
        }
        if let error = filling.error {
          fail(error)
          return
        }
      }
    }
  }
}

/// Batches that came back empty, with their memory. It holds no more than there is credit for.
public final class BatchPool: Sendable {
  private static let countMax = 256
  private let batches = Mutex<[RecordBatch]>([])

  public init() {}

  func take() -> RecordBatch {
    if let batch = batches.withLock({ $0.popLast() }) { return batch }
    var batch = RecordBatch()
    batch.reserve(records: PartitionDrain.recordsMax, bytes: PartitionDrain.bytesMax)
    return batch
  }

  public func giveBack(_ batch: consuming RecordBatch) {
    var empty = batch
    empty.removeAll()
    batches.withLock { if $0.count < Self.countMax { $0.append(empty) } }
  }
}
