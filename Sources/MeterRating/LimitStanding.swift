import MeterModel

/// What was said of a tenant's use of a meter in a period, and what is to be said next.
///
/// A threshold is told of once. A reported limit that holds no more is told of as recovered, and may then be reached again.
public struct LimitStanding: Sendable, Equatable {
  public enum Event: Sendable, Equatable {
    case recovered
    case reached(LimitThreshold)
  }

  private struct Told: Sendable, Hashable {
    var kind: LimitThreshold.Kind
    var total: Quantity
  }

  private var told: Set<Told> = []

  public init() {}

  /// Whether a limit was told of that nothing has ended.
  public var isLimited: Bool { told.contains { $0.kind == .limit || $0.kind == .exceeded } }

  /// What a new total, or new terms, make of it, in the order in which it is told. `ladder` is in the order of the totals.
  public mutating func move(to total: Int128, on ladder: [LimitThreshold]) -> [Event] {
    var events: [Event] = []
    var hasRecovered = false
    for kind in [LimitThreshold.Kind.limit, .exceeded] where told.contains(where: { $0.kind == kind }) {
      if ladder.contains(where: { $0.kind == kind && total >= $0.reach }) { continue }
      told = told.filter { $0.kind != kind }
      hasRecovered = true
    }
    if hasRecovered { events.append(.recovered) }
    for step in ladder where total >= step.reach {
      if told.insert(Told(kind: step.kind, total: step.total)).inserted { events.append(.reached(step)) }
    }
    return events
  }

  /// A period begins: what was said of the one before does not count, but what it ends is told of.
  public mutating func begin(with total: Int128, on ladder: [LimitThreshold]) -> [Event] {
    let wasLimited = isLimited
    let holds = ladder.contains { ($0.kind == .limit || $0.kind == .exceeded) && total >= $0.reach }
    told = []
    return (wasLimited && !holds ? [.recovered] : []) + move(to: total, on: ladder)
  }
}
