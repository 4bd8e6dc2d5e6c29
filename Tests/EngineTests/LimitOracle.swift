/// Tells what is said of one tenant's use of one meter, in order.
///
/// It is written from sections 5 and 8 of the contract and the golden README alone.
/// It shares no code with the product.
/// It keeps the total, the entry in force, and what the period has already told.
/// After each step it looks at every threshold of the entry again, which is slow and plain on purpose.
struct LimitOracle {
  /// What happens at a limit.
  enum Mode: String, CaseIterable { case block, throttle, overage, notify }

  /// A meter's entry in a plan, with add-ons already in it.
  ///
  /// Quantities are whole numbers of units at some scale. Percentages are in hundredths of a percent: 80 % is 8000.
  struct Entry: Equatable {
    /// What the plan includes. Usage above it is overage, and it is the `at` of an entry that names none.
    var included: Int
    /// Nil is no limit at all. Then warnings are relative to `included`.
    var mode: Mode?
    /// Where the limit stands. Nil is at what is included.
    var at: Int?
    /// How far above `at` a total may go before it is exceeded.
    var gracePercent: Int
    /// The percentages to warn at, in any order.
    var warnAt: [Int]
  }

  /// One limit event.
  struct Told: Equatable {
    /// One of warning, limit, exceeded, overage, recovered.
    var kind: String
    /// The warning's percentage, 10000 for a limit, 10000 and the grace for exceeded, nil for the others.
    var threshold: Int?
    /// The total after the whole step.
    var used: Int
    /// Where the limit in force stands. Nil is no limit.
    var limit: Int?
    /// The number of the event that did it. Nil is that no event did.
    var cause: Int?
  }

  /// The kinds of threshold. The raw value is the order at the same total.
  private enum Kind: Int {
    case warning, limit, exceeded, overage

    /// A `recovered` ends these two. The others are told once in a period, whatever happens.
    var canEnd: Bool { self == .limit || self == .exceeded }
  }

  /// A total of which something is said.
  private struct Threshold {
    var kind: Kind
    /// The total, in ten-thousandths of a unit. A percentage of a whole number is exact in these.
    var level: Int128
    /// What the event names. It is no part of what the threshold is.
    var percent: Int?

    /// A threshold is its kind and its total as a number.
    func isSame(as other: Threshold) -> Bool { kind == other.kind && level == other.level }

    /// The lowest total first, then warning before limit before exceeded or overage.
    /// Warnings at one total are one threshold, and the smallest percentage comes first and speaks for it.
    func comesBefore(_ other: Threshold) -> Bool {
      if level != other.level { return level < other.level }
      if kind != other.kind { return kind.rawValue < other.kind.rawValue }
      return (percent ?? 0) < (other.percent ?? 0)
    }

    /// Exceeded and overage begin above their total, warning and limit at it.
    /// A total of 0 is where everybody starts, so a threshold there is reached with the first quantity.
    func isReached(by total: Int) -> Bool {
      let used = Int128(total) * 10_000
      switch kind {
      case .exceeded, .overage: return used > level
      case .warning, .limit: return level == 0 ? used > 0 : used >= level
      }
    }
  }

  /// The total of the period at hand.
  private(set) var total = 0
  private var entry: Entry
  /// What this period has told and may not tell again.
  private var told: [Threshold] = []

  /// A first period begins under this entry with a total of 0.
  init(_ entry: Entry) { self.entry = entry }

  /// One event of the period at hand. A negative quantity takes back.
  mutating func add(_ quantity: Int, cause: Int) -> [Told] {
    total += quantity
    return look(cause: cause)
  }

  /// Another entry comes into force. It is looked at at once.
  mutating func change(to entry: Entry) -> [Told] {
    self.entry = entry
    return look(cause: nil)
  }

  /// A period begins with a total of 0. What the last one told can all be told again.
  ///
  /// Nothing is reached at a total of 0, so all that can be said here is `recovered`.
  mutating func beginPeriod() -> [Told] {
    total = 0
    let said = look(cause: nil)
    told = []
    return said
  }

  /// Where the limit in force stands. Nil is no limit.
  private var at: Int? { entry.mode == nil ? nil : entry.at ?? entry.included }

  /// Every threshold of the entry in force, in the order in which they are told.
  private var thresholds: [Threshold] {
    var all: [Threshold] = []
    for percent in entry.warnAt {
      all.append(Threshold(kind: .warning, level: Int128(at ?? entry.included) * Int128(percent), percent: percent))
    }
    if let at, entry.mode != .overage {
      all.append(Threshold(kind: .limit, level: Int128(at) * 10_000, percent: 10_000))
    }
    if let at, entry.mode == .block || entry.mode == .throttle {
      let percent = 10_000 + entry.gracePercent
      all.append(Threshold(kind: .exceeded, level: Int128(at) * Int128(percent), percent: percent))
    }
    if entry.mode == .overage {
      all.append(Threshold(kind: .overage, level: Int128(entry.included) * 10_000, percent: nil))
    }
    return all.sorted { $0.comesBefore($1) }
  }

  /// Says what the step just taken has to say, the recovery first.
  private mutating func look(cause: Int?) -> [Told] {
    let reached = thresholds.filter { $0.isReached(by: total) }
    var said: [Told] = []
    // A reported limit still holds when the limit in force is reached too, be it another one. So it is with exceeded.
    let ended = told.contains { old in old.kind.canEnd && !reached.contains { $0.kind == old.kind } }
    if ended {
      said.append(Told(kind: "recovered", threshold: nil, used: total, limit: at, cause: cause))
      // What ended can be told again, and what still holds stays told.
      told.removeAll { old in old.kind.canEnd && !reached.contains { $0.kind == old.kind } }
    }
    for threshold in reached where !told.contains(where: { $0.isSame(as: threshold) }) {
      told.append(threshold)
      said.append(
        Told(kind: "\(threshold.kind)", threshold: threshold.percent, used: total, limit: at, cause: cause))
    }
    return said
  }
}
