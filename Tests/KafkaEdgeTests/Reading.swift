import KafkaEdge
import MeterModel
import Synchronization

/// Takes whatever the consumer brings, and knows at each record whether it is the one that had to come.
final class Reading: ConsumerObserver {
  struct State {
    var stays: [TopicPartition: Int] = [:]
    var next: [TopicPartition: Int64] = [:]
    var flaws: [String] = []
    var comings = 0
    var isLost = false
    var broken: [TopicPartition: LogFault] = [:]
    var troubles: [KafkaError] = []
    var expulsion: KafkaError?
  }

  let state = Mutex(State())
  private let consumer: Consumer
  /// Whether what comes is read at once.
  private let starts: Bool

  init(_ consumer: Consumer, starts: Bool = true) {
    self.consumer = consumer
    self.starts = starts
  }

  func assigned(_ logs: [TopicPartition], stay: Int) {
    let offsets = state.withLock { state in
      state.comings += 1
      for log in logs {
        if let old = state.stays[log], old >= stay { state.flaws.append("\(log) comes with stay \(stay) after \(old)") }
        state.stays[log] = stay
      }
      return Dictionary(uniqueKeysWithValues: logs.map { ($0, (stay: stay, offset: state.next[$0] ?? 0)) })
    }
    if starts { consumer.start(offsets) }
  }

  func revoked(_ stays: [TopicPartition: Int], isLost: Bool) {
    state.withLock { state in
      for (log, stay) in stays {
        if state.stays[log] != stay { state.flaws.append("\(log) goes with stay \(stay)") }
        state.stays[log] = nil
      }
      state.isLost = isLost
    }
    consumer.finish()
  }

  func received(_ batch: RecordBatch, of log: TopicPartition, stay: Int) {
    state.withLock { state in
      if state.stays[log] != stay { state.flaws.append("a delivery of stay \(stay) to \(log)") }
      for record in batch.records {
        let next = state.next[log] ?? 0
        if record.offset != next, state.flaws.count < 20 {
          state.flaws.append("\(log): \(record.offset) after \(next - 1)")
        }
        state.next[log] = record.offset + 1
      }
    }
    consumer.giveCredit(log, stay: stay)
  }

  func troubled(_ log: TopicPartition, stay: Int, _ error: KafkaError) {
    state.withLock { $0.troubles.append(error) }
  }

  func broken(_ log: TopicPartition, stay: Int, _ fault: LogFault) { state.withLock { $0.broken[log] = fault } }

  func expelled(_ error: KafkaError) { state.withLock { $0.expulsion = error } }

  /// Has one of the partitions come again.
  func renew(_ place: Int) {
    let chosen = state.withLock { state in
      let all = state.stays.sorted { $0.key < $1.key }
      return all.isEmpty ? nil : all[place % all.count]
    }
    if let (log, stay) = chosen { consumer.renew(log, stay: stay) }
  }
}
