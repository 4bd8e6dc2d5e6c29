import Dispatch
import MeterTelemetry
import PostgresEdge

/// Sees to it that usage finds the period it belongs to: periods are there for weeks ahead, and are added some subscriptions at a time, on a
/// connection that nothing else waits for. Of several daemons one does it at a time; a failure is made good by the next round.
final class PeriodUpkeep: Sendable {
  private static let every = DispatchTimeInterval.seconds(60)
  private static let pause = DispatchTimeInterval.milliseconds(200)

  private let bounds: Periods.Bounds
  private let pool: Pool
  private let log: Log
  private let keeper = PeriodKeeper()
  private let queue = DispatchQueue(label: "meterd.periods")

  init(_ bounds: Periods.Bounds, pool: Pool, log: Log) {
    self.bounds = bounds
    self.pool = pool
    self.log = log
  }

  func start() { queue.async { [self] in extend() } }

  private func extend() {
    Periods.extend(bounds, on: pool) { [keeper, log] terms in
      let outlook = keeper.outlook(terms)
      for change in outlook.refused {
        log.error(
          "a subscription has no periods",
          ["subscription": .string(change.name), "detail": .string(change.problem ?? "")])
      }
      return outlook
    } then: { [self] answer in
      let count = if case .success(let count) = answer { count } else { 0 }
      if count > 0 { log.info("periods were added", ["subscriptions": .int(count)]) }
      queue.asyncAfter(deadline: .now() + (count > 0 ? Self.pause : Self.every)) { [self] in extend() }
    }
  }
}
