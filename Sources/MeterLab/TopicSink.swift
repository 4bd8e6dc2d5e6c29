/// Sends to a topic; the producer's reports fill the ledger.
final class TopicSink: RecordSink {
  /// How often a stop signal is looked for while waiting.
  private static let sliceMs: Int32 = 50

  let ledger: DeliveryLedger
  private let producer: Producer

  init(_ options: ProducerOptions, copy: String?) throws(LabError) {
    producer = try Producer(options)
    let file: RecordFile? = if let copy { try RecordFile(path: copy) } else { nil }
    ledger = DeliveryLedger(place: options.topic, partitions: producer.partitions, copy: file)
  }

  func send(_ record: borrowing GeneratedRecord, isStopping: () -> Bool) throws(LabError) -> Bool {
    while true {
      let outcome = producer.send(record)
      if outcome != .full {
        ledger.countSent(record.condition)
        note(outcome)
        return true
      }
      guard try waitForRoom(isStopping) else { return false }
    }
  }

  /// The same for a record that is sent as it is.
  func send(_ record: borrowing ReplayedRecord, isStopping: () -> Bool) throws(LabError) -> Bool {
    while true {
      let outcome = producer.send(record)
      if outcome != .full {
        ledger.countSent()
        note(outcome)
        return true
      }
      guard try waitForRoom(isStopping) else { return false }
    }
  }

  private func note(_ outcome: Producer.Outcome) {
    if case .refused(let code) = outcome { ledger.fail(code.name) }
  }

  private func waitForRoom(_ isStopping: () -> Bool) throws(LabError) -> Bool {
    try producer.takeReports(timeoutMs: Self.sliceMs, into: ledger)
    return !isStopping()
  }

  func collect() throws(LabError) {
    try producer.takeReports(timeoutMs: 0, into: ledger)
  }

  /// Ends by itself, since librdkafka fails what is not acknowledged within its delivery timeout.
  func settle(isStopping: () -> Bool) throws(LabError) {
    var isAbandoned = false
    while ledger.outstanding > 0 {
      try producer.takeReports(timeoutMs: Self.sliceMs, into: ledger)
      if !isAbandoned, isStopping() || ledger.isFatal {
        producer.abandon()
        isAbandoned = true
      }
    }
    try ledger.finish()
  }
}
