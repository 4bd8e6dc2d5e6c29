import Foundation
import MeterLab
import Synchronization

/// Produces a round's log at a pace that lets it last as long as the faults do.
///
/// Nine tenths flow evenly over the planned seconds. The last tenth goes on at that share of the pace while faults are still to come,
/// so that none of them meets a dead calm, and all at once when they are over.
final class Flow: Sendable {
  private struct State {
    var isReleased = false
    var isAbandoned = false
  }

  private struct Source: RecordSource {
    var stream: ChaosStream
    let flow: Flow

    mutating func next() throws(LabError) -> ReplayedRecord? {
      flow.await(stream.made) ? stream.next() : nil
    }
  }

  private let count: Int
  private let seconds: Double
  private let began = ContinuousClock.now
  private let state = Mutex(State())

  init(_ plan: RoundPlan) {
    count = plan.records
    seconds = Double(plan.seconds)
  }

  /// Returns when everything has been acknowledged.
  func run(_ plan: RoundPlan, brokers: String) throws -> LoadSummary {
    var producer = ProducerOptions(bootstrapServers: brokers, topic: RoundPlan.topic)
    producer.compression = .zstd
    // Whoever shares the machine may make the stand stand still for long.
    producer.deliveryTimeoutMs = 7_200_000
    // The laboratory's broker answers a fetch with one batch of each partition, so that small ones would be its measure.
    producer.properties = [("linger.ms", "300"), ("batch.num.messages", "2000")]
    var options = LoadOptions(target: .topic(producer))
    options.showsProgress = false
    let stream = try ChaosStream(seed: plan.logSeed, count: plan.records, partitions: plan.partitions)
    return try LoadProgram.replay(Source(stream: stream, flow: self), options) { false }
  }

  /// The faults are over: what is left may go as fast as it can.
  func release() { state.withLock { $0.isReleased = true } }

  /// The round has failed: nothing more is produced.
  func abandon() { state.withLock { $0.isAbandoned = true } }

  private func await(_ made: Int) -> Bool {
    while true {
      let state = state.withLock { $0 }
      if state.isAbandoned { return false }
      if state.isReleased || made < due { return true }
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  private var due: Int {
    let spent = began.duration(to: .now).components
    let share = (Double(spent.seconds) + Double(spent.attoseconds) / 1e18) / seconds
    return Int(Double(count) * (share <= 1 ? 0.9 * share : 0.9 + 0.1 * min(1, (share - 1) / 9)))
  }
}
