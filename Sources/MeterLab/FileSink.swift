/// Writes to a file in place of a topic.
final class FileSink: RecordSink {
  let ledger: DeliveryLedger
  /// For bare events; records go to the ledger's copy.
  private let events: OutputFile?
  /// The next offset of each partition.
  private var offsets: [Int64]

  init(path: String, format: LoadOptions.FileFormat) throws(LabError) {
    switch format {
    case .records(let partitions):
      events = nil
      offsets = [Int64](repeating: 0, count: partitions)
      ledger = DeliveryLedger(place: path, partitions: partitions, copy: try RecordFile(path: path))
    case .events:
      events = try OutputFile(path: path)
      offsets = [0]
      ledger = DeliveryLedger(place: path, partitions: 1, copy: nil)
    }
  }

  func send(_ record: borrowing GeneratedRecord, isStopping: () -> Bool) throws(LabError) -> Bool {
    ledger.countSent(record.condition)
    if let events {
      let value = record.value
      try events.append { line in
        line.append(contentsOf: value)
        line.append(10)
      }
    }
    let partition = Murmur2.partition(of: record.key, among: offsets.count)
    let offset = offsets[partition]
    offsets[partition] += 1
    try ledger.acknowledge(
      partition: partition, offset: offset, timestampMs: record.timestampMs, key: record.key.span,
      value: record.value.span)
    return true
  }

  /// A file answers at once.
  func collect() {}

  func settle(isStopping: () -> Bool) throws(LabError) {
    try ledger.finish()
    try events?.close()
  }
}
