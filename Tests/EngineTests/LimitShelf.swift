import MeterCore
import MeterModel
import TestDice

/// A catalog by chance and what was committed under it, as a lane is told of it.
struct LimitShelf {
  /// A tenant's own subscription, or its shadow.
  struct Line: Hashable {
    var tenant: Int
    var meter: Int
    var isShadow: Bool
  }

  /// A line in one of two periods.
  struct Place: Hashable {
    var line: Line
    var period: Int
  }

  let tenants: Int
  /// The first window of the second period.
  let turn: Int32
  private(set) var entries: [Line: LimitOracle.Entry] = [:]
  private(set) var totals: [Place: Int] = [:]
  private(set) var said: [Place: [Crossing]] = [:]
  private var told: [Place: [LimitStanding.Told]] = [:]
  private(set) var flush: Int64 = 0

  static let meters: [Meter] = [
    Meter(
      id: MeterID(1),
      definition: MeterDefinition(
        name: "sum", event: "t.sum", aggregate: .sum, value: "v", scale: 0, dimensions: ["d"]), isLimited: true),
    Meter(
      id: MeterID(2), definition: MeterDefinition(name: "count", event: "t.sum", aggregate: .count), isLimited: true),
    Meter(
      id: MeterID(3),
      definition: MeterDefinition(name: "max", event: "t.max", aggregate: .max, value: "v", scale: 0), isLimited: true),
    Meter(
      id: MeterID(4),
      definition: MeterDefinition(name: "free", event: "t.max", aggregate: .sum, value: "v", scale: 0)),
  ]

  init(_ dice: inout Dice, turn: Int32) {
    tenants = 1 + dice.below(5)
    self.turn = turn
    for tenant in 0..<tenants where !dice.once(in: 5) {
      for meter in 1...3 {
        if !dice.once(in: 4) { entries[Line(tenant: tenant, meter: meter, isShadow: false)] = Self.entry(&dice) }
        if dice.once(in: 3) { entries[Line(tenant: tenant, meter: meter, isShadow: true)] = Self.entry(&dice) }
      }
    }
  }

  private static func entry(_ dice: inout Dice) -> LimitOracle.Entry {
    LimitOracle.Entry(
      included: dice.below(60), mode: dice.pick([nil] + LimitOracle.Mode.allCases.map(Optional.some)),
      at: dice.once(in: 2) ? dice.below(80) : nil, gracePercent: dice.pick([0, 0, 1_000, 2_550]),
      warnAt: (0..<dice.below(4)).map { _ in dice.pick([1_000, 3_333, 5_000, 8_000, 10_000, 12_000]) })
  }

  /// Another entry for one that is there.
  mutating func change(_ dice: inout Dice) -> Int? {
    guard !entries.isEmpty else { return nil }
    let lines = entries.keys.sorted {
      ($0.tenant, $0.meter, $0.isShadow ? 1 : 0) < ($1.tenant, $1.meter, $1.isShadow ? 1 : 0)
    }
    let line = dice.pick(lines)
    entries[line] = Self.entry(&dice)
    return line.tenant
  }

  func period(_ window: Int32) -> Int { window < turn ? 0 : 1 }
  private func windows(_ period: Int) -> Range<Int32> { period == 0 ? turn - 1_000..<turn : turn..<turn + 1_000 }

  private func id(_ place: Place) -> PeriodID {
    PeriodID(Int64(place.line.tenant * 4 + (place.line.isShadow ? 2 : 0) + place.period + 1))
  }

  private static func rule(_ entry: LimitOracle.Entry) -> LimitRule {
    func percent(_ hundredths: Int) -> Quantity { Quantity(units: Int128(hundredths), scale: 2) }
    let included = Quantity(units: Int128(entry.included), scale: 0)
    return LimitRule(
      plan: 1,
      terms: LimitTerms(
        included: included, mode: entry.mode.flatMap { LimitTerms.Mode(rawValue: $0.rawValue) },
        at: entry.mode == nil ? nil : entry.at.map { Quantity(units: Int128($0), scale: 0) },
        gracePercent: percent(entry.gracePercent), warnAt: entry.warnAt.map(percent)), scale: 0)
  }

  /// What a lane is told.
  func standings(_ places: [TenantPlace], key: (Int) -> SeriesKey) -> Standings {
    Standings(
      all: places.map { asked in
        let number = (0..<tenants).first { key($0) == asked.key } ?? -1
        let period = period(asked.window)
        let lines = entries.keys.filter { $0.tenant == number }
        return Standing(
          key: asked.key, windows: windows(period),
          accounts: lines.map { line in
            let place = Place(line: line, period: period)
            return Standing.Account(
              period: id(place), meter: MeterID(Int32(line.meter)), windows: windows(period),
              rule: Self.rule(entries[line]!), total: Int128(totals[place] ?? 0), told: told[place] ?? [],
              kind: line.meter == 3 ? .largest : .sum)
          })
      }, flush: flush)
  }

  /// One flush, as `apply` would have it.
  mutating func commit(_ flush: Flush, windows grid: WindowGrid, name: (UInt64) -> (tenant: Int, meter: Int)?) {
    for delta in flush.rollups {
      guard let (tenant, meter) = name(delta.group != 0 ? delta.group : delta.series.low | 1) else { continue }
      let window = grid.number(of: Instant(saturatingMilliseconds: delta.windowStartSeconds * 1_000))
      for isShadow in [false, true] {
        let place = Place(line: Line(tenant: tenant, meter: meter, isShadow: isShadow), period: period(window))
        let units = Int(delta.quantity.units)
        totals[place] = meter == 3 ? max(totals[place] ?? 0, units) : (totals[place] ?? 0) + units
      }
    }
    for crossing in flush.crossings {
      let number = Int(crossing.period.number) - 1
      let line = Line(tenant: number / 4, meter: Int(crossing.meter.number), isShadow: number & 2 != 0)
      let place = Place(line: line, period: number & 1)
      said[place, default: []].append(crossing)
      switch crossing.event {
      case .recovered(let kinds): told[place]?.removeAll { kinds.contains($0.kind) }
      case .reached(let step): told[place, default: []].append(LimitStanding.Told(step.kind, step.total))
      }
    }
    self.flush = flush.number
  }

  mutating func claim() { flush = 0 }
}
