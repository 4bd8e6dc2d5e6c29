/// What was said of a tenant's use of a meter in a period, and what is to be said next.
///
/// A threshold is told of once: its kind and its total make it what it is. A reported limit that holds no more is told of as recovered, and
/// may then be reached again. It is kept as a bit for each step of the ladder that was climbed, so that it costs a word wherever it is kept;
/// under other terms it is made anew from what was told.
public struct LimitStanding: Sendable, Equatable {
  public enum Event: Sendable, Equatable {
    /// Says which reported kinds hold no more, `limit`, `exceeded` or both.
    case recovered([LimitThreshold.Kind])
    case reached(LimitThreshold)
  }

  /// What was told and not ended by a recovery since.
  public struct Told: Sendable, Hashable {
    public var kind: LimitThreshold.Kind
    public var total: Quantity

    public init(_ kind: LimitThreshold.Kind, _ total: Quantity) {
      self.kind = kind
      self.total = total.normal
    }
  }

  /// So many steps a ladder may have; two bits are kept for limits that were told of, on whichever ladder.
  public static let stepsMax = 62

  private var told: UInt64 = 0

  public init() {}

  public init(_ told: some Sequence<Told>, on ladder: [LimitThreshold]) {
    precondition(ladder.count <= Self.stepsMax, "a ladder has a bound")
    for one in told { note(one, ladder) }
  }

  /// What was told elsewhere.
  public mutating func note(_ one: Told, _ ladder: [LimitThreshold]) {
    if let step = ladder.firstIndex(where: { $0.kind == one.kind && $0.total == one.total }) {
      told |= 1 << UInt64(step)
    }
    told |= Self.bit(one.kind)
  }

  /// A recovery that was told elsewhere.
  public mutating func end(_ kinds: [LimitThreshold.Kind], _ ladder: [LimitThreshold]) {
    for kind in kinds {
      told &= ~Self.bit(kind)
      for (step, threshold) in ladder.enumerated() where threshold.kind == kind { told &= ~(1 << UInt64(step)) }
    }
  }

  private static func bit(_ kind: LimitThreshold.Kind) -> UInt64 {
    switch kind {
    case .limit: 1 << 62
    case .exceeded: 1 << 63
    case .warning, .overage: 0
    }
  }

  /// Whether a limit was told of that nothing has ended.
  public var isLimited: Bool { told >> 62 != 0 }

  /// What a new total, or new terms, make of it, in the order in which it is told. `ladder` is in the order of the totals.
  public mutating func move(to total: Int128, on ladder: [LimitThreshold]) -> [Event] {
    var events: [Event] = []
    let ended = [LimitThreshold.Kind.limit, .exceeded].filter { kind in
      told & Self.bit(kind) != 0 && !ladder.contains { $0.kind == kind && total >= $0.reach }
    }
    if !ended.isEmpty {
      end(ended, ladder)
      events.append(.recovered(ended))
    }
    for (step, threshold) in ladder.enumerated() where total >= threshold.reach && told & 1 << UInt64(step) == 0 {
      told |= 1 << UInt64(step) | Self.bit(threshold.kind)
      events.append(.reached(threshold))
    }
    return events
  }

  /// The lowest threshold above a total; nil if there is none.
  public static func next(above total: Int128, on ladder: [LimitThreshold]) -> Int128? {
    ladder.first { $0.reach > total }?.reach
  }

  /// Whether a period that begins with a total ends what the one before had told of. What was said of that one does not count here.
  public static func endsLimits(with total: Int128, on ladder: [LimitThreshold]) -> Bool {
    !ladder.contains { ($0.kind == .limit || $0.kind == .exceeded) && total >= $0.reach }
  }

  /// The lowest total above this one at which something is to be told; `.max` if there is none.
  public func next(on ladder: [LimitThreshold]) -> Int128 {
    for (step, threshold) in ladder.enumerated() where told & 1 << UInt64(step) == 0 { return threshold.reach }
    return .max
  }
}
