import MeterModel
import Synchronization

/// The one place where lanes publish what others may know. Written once a batch, read by whoever asks.
final class Board: Sendable {
  private let statuses = Mutex<[TopicPartition: PartitionStatus]>([:])
  private let troubles = Mutex<[Service: Trouble]>([:])

  enum Service: Sendable, CaseIterable {
    case kafka
    case postgres
  }

  struct Trouble: Sendable {
    var words: String
    var since: Int64
  }

  /// A stay begins. Nothing else makes a status: what is heard of a stay that has ended would bring it back for good.
  func begin(_ log: TopicPartition, stay: Int, now: Int64) {
    statuses.withLock { statuses in
      if let status = statuses[log], status.stay >= stay { return }
      statuses[log] = PartitionStatus(stay: stay, movedAt: now)
    }
  }

  func update(_ log: TopicPartition, stay: Int, _ change: (inout PartitionStatus) -> Void) {
    statuses.withLock { statuses in
      guard var status = statuses[log], status.stay == stay else { return }
      change(&status)
      statuses[log] = status
    }
  }

  func remove(_ log: TopicPartition, stay: Int) {
    statuses.withLock { if $0[log]?.stay == stay { $0[log] = nil } }
  }

  var all: [TopicPartition: PartitionStatus] { statuses.withLock { $0 } }

  /// Halted partitions that the database knows to be halted, each with its stay.
  var halted: [TopicPartition: Int] {
    all.compactMapValues { status in
      if case .halted(_, isRecorded: true) = status.state { status.stay } else { nil }
    }
  }

  /// Notes that a service answers (nil) or does not; true when that is news.
  @discardableResult
  func note(_ service: Service, _ words: String?, now: Int64) -> Bool {
    troubles.withLock { troubles in
      let known = troubles[service]
      troubles[service] = words.map { Trouble(words: $0, since: known?.since ?? now) }
      return (known == nil) != (words == nil)
    }
  }

  func trouble(_ service: Service) -> Trouble? { troubles.withLock { $0[service] } }
}
