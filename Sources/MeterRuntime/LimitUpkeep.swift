import Dispatch
import MeterModel
import MeterTelemetry
import PostgresEdge
import Synchronization

/// Looks at what no lane judges alone: soon after a flush, and once a second for what catalogs and the clock bring. Of several daemons one
/// does it at a time; a failure is made good by the next round.
final class LimitUpkeep: Sendable {
  private static let every = DispatchTimeInterval.seconds(1)

  /// So many are looked at together; fewer where that takes too long.
  private static let countMax = 1_000

  private struct State {
    var isBusy = false
    var isWanted = false
    var count = LimitUpkeep.countMax
  }

  private let pool: Pool
  private let log: Log
  private let gauges: DaemonMetrics
  private let told: @Sendable () -> Void
  private let queue = DispatchQueue(label: "meterd.limits.review")
  private let state = Mutex(State())

  /// `told` hears when something was told.
  init(pool: Pool, gauges: DaemonMetrics, log: Log, told: @escaping @Sendable () -> Void) {
    self.pool = pool
    self.gauges = gauges
    self.log = log
    self.told = told
  }

  func start() { tick() }

  private func tick() {
    mark()
    queue.asyncAfter(deadline: .now() + Self.every) { [weak self] in self?.tick() }
  }

  /// What the clock has brought, or a catalog.
  func mark() {
    LimitReview.mark(on: pool) { [self] answer in
      switch answer {
      case .success(let notices):
        for _ in 0..<notices { gauges.toldTrial() }
        if notices > 0 { told() }
        wake()
      case .failure(let error): log.warn("limits were not looked at", ["detail": .string(error.words)])
      }
    }
  }

  /// There may be something to be looked at.
  func wake() {
    let count = state.withLock { state -> Int? in
      if state.isBusy {
        state.isWanted = true
        return nil
      }
      state.isBusy = true
      return state.count
    }
    guard let count else { return }
    LimitReview.run(on: pool, atMost: count, Self.judge) { [self] answer in
      let (isMore, isWanted) = state.withLock { state in
        defer { (state.isBusy, state.isWanted) = (false, false) }
        guard case .success(let round) = answer else {
          // Whatever it was, it may be one among many: fewer are tried.
          state.count = max(1, state.count / 2)
          return (false, false)
        }
        state.count = min(Self.countMax, state.count * 2)
        return (round.looked > 0, state.isWanted)
      }
      switch answer {
      case .success(let round):
        for crossing in round.told { gauges.told(crossing.event) }
        if !round.told.isEmpty { told() }
      case .failure(let error): log.warn("limits were not looked at", ["detail": .string(error.words)])
      }
      if isMore || isWanted { queue.async { [self] in wake() } }
    }
  }

  /// What is to be told of one total.
  static func judge(_ subject: LimitReview.Subject) -> [LimitReview.Finding] {
    let ladder = subject.rule.ladder
    func finding(
      _ event: LimitStanding.Event, _ beginning: LimitReview.Finding.Beginning?, _ cause: Crossing.Cause?
    ) -> LimitReview.Finding {
      LimitReview.Finding(
        crossing: Crossing(
          period: subject.period, meter: subject.meter, rule: subject.rule, event: event,
          used: Quantity(units: subject.used, scale: subject.rule.scale), cause: cause),
        beginning: beginning, partition: cause == nil ? nil : subject.partition)
    }
    var standing = LimitStanding(subject.told, on: ladder)
    var findings: [LimitReview.Finding] = []
    if subject.wasLimited {
      let isOver = LimitStanding.endsLimits(with: subject.used, on: ladder)
      findings.append(finding(.recovered([]), isOver ? .began : .wentOn, nil))
    }
    return findings + standing.move(to: subject.used, on: ladder).map { finding($0, nil, subject.cause) }
  }
}
