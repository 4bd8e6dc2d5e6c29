import Dispatch
import MeterTelemetry
import PostgresEdge

/// Sees to it that usage finds the period it belongs to: periods are there for weeks ahead, and are added some subscriptions at a time. Of
/// several daemons one does it at a time; a failure is told, and made good by the next round.
final class PeriodUpkeep: Sendable {
  private static let every = DispatchTimeInterval.seconds(300)
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

  func start() { queue.async { [self] in extend(behind: "") } }

  private func extend(behind id: String) {
    Periods.extend(behind: id, bounds, on: pool) { [keeper, log] terms in
      let outlook = keeper.outlook(terms)
      for change in outlook.refused {
        log.error(
          "a subscription has no periods",
          ["subscription": .string(change.name), "detail": .string(change.problem ?? "")])
      }
      return outlook
    } then: { [self] answer in
      var next: String?
      switch answer {
      case .success(let extended):
        next = extended.next
        if extended.subscriptions > 0 {
          log.info("periods were added", ["subscriptions": .int(extended.subscriptions)])
        }
      case .failure(let error):
        log.warn("periods were not added", ["detail": .string(error.words)])
      }
      queue.asyncAfter(deadline: .now() + (next == nil ? Self.every : Self.pause)) { [self, next] in
        extend(behind: next ?? "")
      }
    }
  }
}
