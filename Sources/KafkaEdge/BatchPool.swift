import MeterModel
import Synchronization

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
