import HTTPEdge
import KafkaEdge
import MeterModel

/// Whether the daemon does its work: in the group, every partition moving or without lag, and commits succeeding.
struct Readiness: Sendable {
  /// A partition that has records and does not move, or a call that is not answered, is a reason after this long. The contract
  /// promises 503 within five seconds.
  private static let patience: Int64 = 4_000_000_000

  let board: Board
  let consumer: Consumer

  func answer() -> HealthRoutes.Readiness {
    let reasons = reasons(now: Clock.monotonic())
    return reasons.isEmpty ? .ready : .unready(reasons: reasons)
  }

  private func reasons(now: Int64) -> [String] {
    var reasons: [String] = []
    if let trouble = board.trouble(.kafka) { reasons.append("kafka: \(trouble.words)") }
    if let trouble = board.trouble(.postgres) { reasons.append("postgres: \(trouble.words)") }
    if !consumer.hasJoined { reasons.append("kafka: no assignment yet") }
    for (log, status) in board.all.sorted(by: { $0.key < $1.key }) {
      if let reason = reason(log, status, now) { reasons.append("\(log): \(reason)") }
    }
    return reasons
  }

  private func reason(_ log: TopicPartition, _ status: PartitionStatus, _ now: Int64) -> String? {
    switch status.state {
    case .halted(let why, _): return "halted: \(why)"
    case .fenced: return "another daemon owns the partition"
    case .starting: return status.trouble.map { "cannot be started: \($0)" } ?? "starting"
    case .reading, .draining: break
    }
    if let trouble = status.readTrouble { return "nothing comes from the log: \(trouble)" }
    if let trouble = status.trouble { return "a flush fails: \(trouble)" }
    if let since = status.waitingSince, now - since > Self.patience { return "a flush is not answered" }
    if status.cursor >= 0, let end = consumer.knownEnd(log), end > status.cursor, now - status.movedAt > Self.patience {
      return "does not advance at \(status.cursor) of \(end)"
    }
    return nil
  }
}
