import Dispatch
import PostgresEdge

/// Keeps the log of changes short: what readers would pass over is swept out, a bounded piece at a time, on a connection that nothing
/// else waits for. Of several daemons one does it at a time; a failure is made good by the next round.
final class ChangeSweep: Sendable {
  private static let every = DispatchTimeInterval.seconds(10)
  private static let pause = DispatchTimeInterval.milliseconds(200)
  /// Of at most 64 entries each: less than a tenth of a second.
  private static let chunks: Int32 = 500

  private let pool: Pool
  private let queue = DispatchQueue(label: "meterd.sweep")

  init(pool: Pool) { self.pool = pool }

  func start() { queue.asyncAfter(deadline: .now() + Self.every) { [self] in sweep() } }

  private func sweep() {
    Upkeep.sweepChanges(on: pool, chunks: Self.chunks) { [self] answer in
      let isMore = if case .success(let count) = answer { count >= Int(Self.chunks) } else { false }
      queue.asyncAfter(deadline: .now() + (isMore ? Self.pause : Self.every)) { [self] in sweep() }
    }
  }
}
