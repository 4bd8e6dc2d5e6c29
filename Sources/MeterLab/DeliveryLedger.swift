/// Accounts for every record: sent, and then either acknowledged or failed.
final class DeliveryLedger {
  /// Kinds of failure told apart; librdkafka knows fewer than this.
  private static let codesMax = 256

  let place: String
  private(set) var sent = 0
  private(set) var duplicates = 0
  private(set) var late = 0
  private(set) var malformed = 0
  private(set) var acknowledged = 0
  private(set) var failed = 0
  /// Acknowledged by partition.
  private(set) var partitions: [Int]
  /// Acknowledged, but with an offset that the broker did not tell: it had the batch already when it came again.
  private(set) var unplaced = 0
  private(set) var failures: [String: Int] = [:]
  /// Nothing more will be delivered, whatever is sent.
  private(set) var isFatal = false

  private let copy: RecordFile?
  private var nextOffsets: [Int64]

  init(place: String, partitions: Int, copy: RecordFile?) {
    self.place = place
    self.partitions = [Int](repeating: 0, count: partitions)
    self.copy = copy
    nextOffsets = [Int64](repeating: 0, count: partitions)
  }

  var outstanding: Int { sent - acknowledged - failed }

  /// Of a replayed record nobody knows what it should come to.
  func countSent() { sent += 1 }

  func countSent(_ condition: Condition) {
    sent += 1
    switch condition {
    case .punctual: break
    case .late: late += 1
    case .duplicate: duplicates += 1
    case .malformed: malformed += 1
    }
  }

  /// Reports of a partition come in the order of its offsets, since the producer keeps it through retries. A copy relies
  /// on that, so it is looked at here for each record and not only hoped for.
  func acknowledge(
    partition: Int, offset: Int64, timestampMs: Int64, key: Span<UInt8>, value: Span<UInt8>, shape: RecordShape = .plain
  ) throws(LabError) {
    acknowledged += 1
    // The topic may have grown since the start.
    while partition >= partitions.count {
      partitions.append(0)
      nextOffsets.append(0)
    }
    partitions[partition] += 1
    if offset < 0 {
      unplaced += 1
      return
    }
    if offset < nextOffsets[partition] {
      throw .disorder(topic: place, partition: partition, offset: offset, expectedFrom: nextOffsets[partition])
    }
    nextOffsets[partition] = offset + 1
    try copy?.append(
      partition: partition, offset: offset, timestampMs: timestampMs, key: key, value: value, shape: shape)
  }

  func fail(_ code: String) {
    failed += 1
    if failures[code] != nil || failures.count < Self.codesMax { failures[code, default: 0] += 1 }
  }

  func endDeliveries() { isFatal = true }

  func finish() throws(LabError) { try copy?.close() }
}
