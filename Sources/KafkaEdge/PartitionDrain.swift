import CRdkafka
import Dispatch
import MeterModel
import Synchronization

/// Takes one partition's messages off its queue, in order, from an offset on.
///
/// A thread of its own sits in librdkafka's callback loop, copies each message into a batch and hands full batches on. It reads only
/// while it has credit: a batch costs one, and whoever is done with a batch gives it back, so that a slow consumer is felt as a
/// full queue in librdkafka and not as memory here. A message below the expected offset is a stale delivery and dropped; the
/// message's own offset is the truth, never the library's position.
final class PartitionDrain: Sendable {
  static let recordsMax = 4_096
  static let bytesMax = 1 << 20
  private static let pollTimeoutMs: Int32 = 50

  /// Where what is taken goes. Calls come from the drain's thread and must return at once.
  struct Outlet: Sendable {
    var deliver: @Sendable (RecordBatch) -> Void
    var trouble: @Sendable (KafkaError) -> Void
    var fail: @Sendable (LogFault) -> Void
  }

  // Properties end in this order, and a queue must end before its client.
  private let queue: Handle
  private let client: Handle
  private let credit: Credit
  private let position: Atomic<Int64>
  private let isStopping = Atomic<Bool>(false)
  private let isDone = DispatchSemaphore(value: 0)
  private let outlet: Outlet
  private let spare: BatchPool

  /// `queue` is the partition's own, off the main queue, and must be taken from by nobody else.
  init(from start: Int64, client: Handle, queue: Handle, credit: Credit, spare: BatchPool, outlet: Outlet) {
    position = Atomic(start)
    self.client = client
    self.queue = queue
    self.credit = credit
    self.spare = spare
    self.outlet = outlet
  }

  func run() {
    startThread { [self] in
      loop()
      isDone.signal()
    }
  }

  /// Asks the thread to end; `join` waits until it has.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    unsafe rd_kafka_queue_yield(queue.pointer)
  }

  /// The first offset that was not handed on.
  func join() -> Int64 {
    isDone.wait()
    return position.load(ordering: .acquiring)
  }

  /// Takes off the queue what nobody is to read, and says why the log cannot be read on if that stands among it.
  ///
  /// Messages of an earlier reading are dropped by librdkafka itself; errors that concern no fetch, such as a topic that is gone, are
  /// not, and would be taken for news by the next reading.
  func sweep() -> LogFault? { Self.sweep(queue) }

  @discardableResult
  static func sweep(_ queue: Handle) -> LogFault? {
    var found: LogFault?
    unsafe withUnsafeMutablePointer(to: &found) { found in
      while unsafe rd_kafka_consume_callback_queue(
        queue.pointer, 0,
        { message, found in
          guard let message = unsafe message, unsafe message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR,
            let found = unsafe found?.assumingMemoryBound(to: LogFault?.self), unsafe found.pointee == nil
          else { return }
          if case .broken(let fault) = unsafe MessageError(message) { unsafe found.pointee = fault }
        }, found) > 0
      {}
    }
    return found
  }

  /// What the callback fills; lives on the drain's own stack.
  @safe
  fileprivate struct Filling {
    var batch: RecordBatch
    var expected: Int64
    var fault: LogFault?
    let client: OpaquePointer
    unowned let drain: PartitionDrain

    mutating func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
      guard unsafe message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
        unsafe note(message)
        return
      }
      let offset = unsafe message.pointee.offset
      // After a fault nothing behind it may be counted: the cursor would pass over the gap.
      guard fault == nil, offset >= expected else { return }
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

    private mutating func note(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
      guard fault == nil else { return }
      switch unsafe MessageError(message) {
      case .nothing: break
      case .passing(let error): drain.outlet.trouble(error)
      case .broken(let found): fault = found
      }
    }

    private func strnlen(_ text: UnsafePointer<CChar>) -> Int {
      var length = 0
      while unsafe text[length] != 0 { length += 1 }
      return length
    }
  }

  private func loop() {
    var filling = unsafe Filling(
      batch: spare.take(), expected: position.load(ordering: .acquiring), fault: nil, client: client.pointer,
      drain: self)
    while !isStopping.load(ordering: .acquiring) {
      guard credit.take(withinMs: Int(Self.pollTimeoutMs)) else { continue }
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
        position.store(filling.expected, ordering: .releasing)
        if !filling.batch.isEmpty {
          filling.batch.close()
          outlet.deliver(filling.batch)
          filling.batch = spare.take()
          hasCredit = false
        }
        if let fault = filling.fault {
          outlet.fail(fault)
          return
        }
      }
      if hasCredit { credit.give() }
    }
  }
}
