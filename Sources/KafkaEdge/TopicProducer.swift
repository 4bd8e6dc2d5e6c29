import CRdkafka
import MeterModel
import Synchronization

/// Hands records to one topic and waits until the broker has all of them.
public final class TopicProducer: Sendable {
  public struct Record: Sendable {
    public var key: [UInt8]
    public var value: [UInt8]

    public init(key: [UInt8], value: [UInt8]) { (self.key, self.value) = (key, value) }
  }

  /// Longer than a record has.
  private static let patienceMs: Int32 = 15_000

  private let settings: KafkaSettings
  private let topic: String
  /// None after a failure: what an earlier client may still say is nothing that a later one waits for.
  private let client: Mutex<Handle?>

  public init(_ settings: KafkaSettings, topic: String) throws(Complaint) {
    self.settings = settings
    self.topic = topic
    client = Mutex(try Self.makeClient(settings))
  }

  private static func makeClient(_ settings: KafkaSettings) throws(Complaint) -> Handle {
    var words = [CChar](repeating: 0, count: 512)
    let configuration = try unsafe settings.makeProducerConfiguration()
    unsafe rd_kafka_conf_set_events(configuration, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
    guard let client = unsafe rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &words, words.count) else {
      unsafe rd_kafka_conf_destroy(configuration)
      let text = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw Complaint(
        .configuration, at: "kafka", "no producer could be made (\(text))", remedy: "correct kafka.properties")
    }
    // Its log lines come with the reports, and are left out: what matters is told as a failure.
    unsafe rd_kafka_set_log_queue(client, nil)
    return unsafe Handle(client) { unsafe rd_kafka_destroy($0) }
  }

  /// Nil when the broker has all of them; else what was in the way, and some may have come.
  public func send(_ records: [Record]) -> String? {
    client.withLock { client in
      do throws(Complaint) {
        let present = if let client { client } else { try Self.makeClient(settings) }
        client = present
        var taken = 0
        var refusal: KafkaError?
        for record in records {
          refusal = produce(record, present)
          if refusal != nil { break }
          taken += 1
        }
        let failure = takeReports(of: taken, present) ?? refusal.map { "\($0.name) \($0.words)" }
        if failure != nil { client = nil }
        return failure
      } catch {
        return error.problem
      }
    }
  }

  private func produce(_ record: Record, _ client: Handle) -> KafkaError? {
    var fields = unsafe [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 4)
    return unsafe topic.withCString { name in
      unsafe record.key.withUnsafeBytes { key in
        unsafe record.value.withUnsafeBytes { value in
          unsafe fields[0].vtype = RD_KAFKA_VTYPE_TOPIC
          unsafe fields[0].u.cstr = name
          unsafe fields[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS
          unsafe fields[1].u.i = RD_KAFKA_MSG_F_COPY
          // librdkafka copies from both before it returns, and writes to neither.
          unsafe fields[2].vtype = RD_KAFKA_VTYPE_KEY
          unsafe fields[2].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: key.baseAddress), size: key.count)
          unsafe fields[3].vtype = RD_KAFKA_VTYPE_VALUE
          unsafe fields[3].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: value.baseAddress), size: value.count)
          guard let refusal = unsafe rd_kafka_produceva(client.pointer, &fields, fields.count) else { return nil }
          let code = unsafe rd_kafka_error_code(refusal)
          unsafe rd_kafka_error_destroy(refusal)
          return KafkaError(code)
        }
      }
    }
  }

  /// Takes the reports of so many records; each comes within the time that a record has. Says what was in the way.
  private func takeReports(of count: Int, _ client: Handle) -> String? {
    guard let queue = unsafe rd_kafka_queue_get_main(client.pointer) else { return "there is no queue of reports" }
    defer { unsafe rd_kafka_queue_destroy(queue) }
    var left = count
    var failure: String?
    while true {
      // Behind the last report only what came with it.
      guard let event = unsafe rd_kafka_queue_poll(queue, left > 0 ? Self.patienceMs : 0) else {
        return left > 0 ? failure ?? "no report came" : failure
      }
      defer { unsafe rd_kafka_event_destroy(event) }
      guard unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR else { continue }
      while let message = unsafe rd_kafka_event_message_next(event) {
        left -= 1
        guard unsafe message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
        let error = unsafe KafkaError(message.pointee.err)
        failure = "\(error.name) \(error.words)"
      }
    }
  }
}
