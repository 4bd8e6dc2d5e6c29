import Dispatch
import MeterModel
import MeterTelemetry
import PostgresEdge
import Synchronization

/// Looks at what no lane judges alone: soon after a flush, and once a second for what catalogs and the clock bring. Of several daemons one
/// does it at a time; a failure is made good by the next round.
final class LimitUpkeep: Sendable {
  private static let every = DispatchTimeInterval.seconds(1)

  private struct State {
    var isBusy = false
    var isWanted = false
  }

  private let pool: Pool
  private let log: Log
  private let told: @Sendable () -> Void
  private let queue = DispatchQueue(label: "meterd.limits.review")
  private let state = Mutex(State())

  /// `told` hears when something was told.
  init(pool: Pool, log: Log, told: @escaping @Sendable () -> Void) {
    self.pool = pool
    self.log = log
    self.told = told
  }

  func start() { tick() }

  private func tick() {
    look(marks: true)
    queue.asyncAfter(deadline: .now() + Self.every) { [weak self] in self?.tick() }
  }

  /// There may be something to be looked at.
  func wake() { look(marks: false) }

  private func look(marks: Bool) {
    let isFree = state.withLock { state in
      if state.isBusy { state.isWanted = true }
      defer { state.isBusy = true }
      return !state.isBusy
    }
    guard isFree else { return }
    LimitReview.run(on: pool, marks: marks, Self.judge) { [self] answer in
      let isWanted = state.withLock { state in
        defer { state = State() }
        return state.isWanted
      }
      var isMore = false
      switch answer {
      case .success(let round):
        isMore = round.looked > 0
        // Also what the clock has told, of which nothing is said here.
        if round.told > 0 || marks { told() }
      case .failure(let error): log.warn("limits were not looked at", ["detail": .string(error.words)])
      }
      if isMore || isWanted { queue.async { [self] in look(marks: false) } }
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
