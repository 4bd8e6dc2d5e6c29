import Foundation
import MeterCore
import MeterModel
import MeterWire
import TestDice
import Testing

/// What lanes tell of limits, against an oracle that shares no code with them: random catalogs and events, cut into batches and flushes by
/// chance, with crashes, forgotten accounts and changed catalogs in between.
@Suite struct LimitDifferentialTests {
  private static let hour: Int64 = 3_600_000
  private static let startMs: Int64 = 1_795_262_400_000
  private static let now = Instant(saturatingMilliseconds: startMs + hour)

  private struct Event {
    var tenant: Int
    var isMax: Bool
    var value: Int
    var period: Int
    var id: String
    var text: [UInt8]
  }

  private static let catalogs =
    UInt64(ProcessInfo.processInfo.environment["METERD_LIMIT_CATALOGS"] ?? "1000", radix: 10) ?? 1_000

  @Test func `lanes and the oracle tell the same, over a thousand catalogs`() throws {
    var told = 0
    for seed in 1...Self.catalogs {
      var run = Run(seed: seed)
      try run.play()
      told += run.told
      #expect(run.difference() == nil, "seed \(seed): \(run.difference() ?? "")")
    }
    #expect(told > Int(Self.catalogs) * 10)
  }

  private struct Run {
    private var dice: Dice
    private var shelf: LimitShelf
    private let rules: MeterRules
    private let tallyRules: Tally.Rules
    private var oracles: [LimitShelf.Place: LimitOracle] = [:]
    private var expected: [LimitShelf.Place: [LimitOracle.Told]] = [:]
    private var events: [Event] = []
    /// Catalogs that a tenant's period was not looked at under.
    private var changed: Set<LimitShelf.Place> = []

    var told: Int { expected.values.reduce(0) { $0 + $1.count } }

    init(seed: UInt64) {
      dice = Dice(seed)
      rules = MeterRules(meters: LimitShelf.meters, seed: dice.next())
      tallyRules = Tally.Rules(
        windows: WindowGrid(length: .hours(1)), dedupeWindow: .hours(24), pastMax: .days(35), futureMax: .hours(3),
        seriesMax: 2)
      shelf = LimitShelf(
        &dice, turn: tallyRules.windows.number(of: Instant(saturatingMilliseconds: LimitDifferentialTests.startMs)))
      for line in shelf.entries.keys {
        for period in 0...1 {
          oracles[LimitShelf.Place(line: line, period: period)] = LimitOracle(shelf.entries[line]!)
        }
      }
    }

    private func key(_ tenant: Int) -> SeriesKey { rules.key(ofTenant: "tenant-\(tenant)".utf8) }

    private func name(_ group: UInt64) -> (tenant: Int, meter: Int)? {
      for tenant in 0..<shelf.tenants {
        for meter in 1...3
        where SeriesName(tenant: key(tenant), meter: MeterID(Int32(meter))).group == group { return (tenant, meter) }
      }
      return nil
    }

    /// The next event; one in ten comes for the second time.
    private mutating func draw() -> Event {
      if let old = events.last, dice.once(in: 10) { return old }
      let isMax = dice.once(in: 3)
      let value = isMax ? dice.below(90) : dice.below(25) - 5
      let period = dice.once(in: 3) ? 0 : 1
      let (tenant, id) = (dice.below(shelf.tenants), "e\(events.count)")
      let time = "2026-11-21T\(period == 0 ? 10 : 12):0\(dice.below(6)):00Z"
      let correction = value < 0 ? #""correction":"adjust","# : ""
      let text =
        #"{"specversion":"1.0","id":"\#(id)","source":"/s","type":"\#(isMax ? "t.max" : "t.sum")","subject":"tenant-\#(tenant)",\#(correction)"time":"\#(time)","data":{"v":\#(value),"d":"\#(dice.below(4))"}}"#
      return Event(tenant: tenant, isMax: isMax, value: value, period: period, id: id, text: Array(text.utf8))
    }

    /// What the oracle makes of an event that was counted: a lane looks at a changed catalog when the tenant's period comes up.
    private mutating func expect(_ event: Event, isFirst: Bool) {
      let places = oracles.keys.filter { $0.line.tenant == event.tenant && $0.period == event.period }
      for place in places where changed.remove(place) != nil {
        expected[place, default: []] += oracles[place]!.change(to: shelf.entries[place.line]!)
      }
      guard isFirst else { return }
      for place in places where (place.line.meter == 3) == event.isMax {
        let number = Int(event.id.dropFirst()) ?? -1
        let total = oracles[place]!.total
        let quantity =
          switch place.line.meter {
          case 1: event.value
          case 2: 1
          default: max(0, event.value - total)
          }
        expected[place, default: []] += oracles[place]!.add(quantity, cause: number)
      }
    }

    private func tally(epoch: Int64, cursor: Int64) -> Tally {
      Tally(
        partition: PartitionNumber(1), epoch: Epoch(epoch), cursor: cursor, highWaterMs: LimitDifferentialTests.startMs,
        rules: tallyRules)
    }

    mutating func play() throws {
      let count = 20 + dice.below(120)
      var decoder = Decoder(eventBytesMax: 1 << 20)
      var decoded = EventBatch()
      var tally = tally(epoch: 0, cursor: 0)
      var pages: [IdentityPage] = []
      var epoch: Int64 = 0
      var sealed: Flush?
      // What was counted under another catalog than it would be now.
      var changedAt = 0
      while events.count < count {
        let first = events.count
        for _ in 0...dice.below(6) { events.append(draw()) }
        apply(&tally, &decoder, batch(from: first), &decoded)
        for (offset, event) in events.enumerated().dropFirst(first) {
          expect(event, isFirst: !events[..<offset].contains { $0.id == event.id })
        }
        if sealed == nil, dice.once(in: 2) { sealed = tally.seal() }
        if let flush = sealed, dice.once(in: 2) {
          commit(flush, &pages)
          tally.committed(flush.number)
          sealed = nil
        }
        if dice.once(in: 8) { tally.forget(nil) }
        if dice.once(in: 6), let tenant = shelf.change(&dice) {
          for place in oracles.keys where place.line.tenant == tenant { changed.insert(place) }
          changedAt = events.count
          tally.forget([key(tenant)])
        }
        if dice.once(in: 12), (sealed.map { Int($0.range.from) } ?? committed) >= changedAt {
          // The flush under way is lost, or it was committed and nobody heard of it.
          if let flush = sealed, dice.once(in: 2) { commit(flush, &pages) }
          sealed = nil
          epoch += 1
          tally = self.tally(epoch: epoch, cursor: Int64(committed))
          for page in pages { tally.restore(page) }
          shelf.claim()
          if committed < events.count { apply(&tally, &decoder, batch(from: committed), &decoded) }
        }
      }
      if let flush = sealed { commit(flush, &pages) }
      commit(tally.seal(), &pages)
    }

    /// How far the shelf has it.
    private var committed = 0

    private mutating func commit(_ flush: Flush, _ pages: inout [IdentityPage]) {
      shelf.commit(flush, windows: tallyRules.windows, name: name)
      pages += flush.identities
      committed = Int(flush.range.to)
    }

    private func batch(from first: Int) -> RecordBatch {
      var batch = RecordBatch()
      for (offset, event) in events.enumerated().dropFirst(first) {
        unsafe event.text.withUnsafeBytes {
          unsafe batch.append(offset: Int64(offset), timestampMs: LimitDifferentialTests.startMs, value: $0)
        }
      }
      batch.close()
      return batch
    }

    private func apply(
      _ tally: inout Tally, _ decoder: inout Decoder, _ batch: borrowing RecordBatch, _ decoded: inout EventBatch
    ) {
      var next = 0
      while next < batch.records.count {
        next = decoder.decode(batch, from: next, rules, into: &decoded)
        while true {
          switch tally.apply(batch, decoded, now: LimitDifferentialTests.now) {
          case .strange(let places): tally.admit(shelf.standings(places, key: key))
          case .cold: preconditionFailure("nothing was counted before")
          case .applied: break
          }
          if tally.cursor == batch.records[next - 1].offset + 1 { break }
        }
      }
    }

    /// The first place where the two differ.
    func difference() -> String? {
      for place in oracles.keys {
        let said = (shelf.said[place] ?? []).map { crossing -> String in
          let percent: String
          let kind: String
          switch crossing.event {
          case .recovered: (kind, percent) = ("recovered", "-")
          case .reached(let step): (kind, percent) = ("\(step.kind)", step.percent.map { "\($0)" } ?? "-")
          }
          let cause = crossing.cause.map { String(decoding: $0.event, as: UTF8.self) } ?? "-"
          let limit = crossing.rule.terms.mode == nil ? "-" : "\(crossing.rule.terms.at)"
          return "\(kind) \(percent) \(crossing.used) \(limit) \(cause)"
        }
        let wanted = (expected[place] ?? []).map { told in
          "\(told.kind) \(told.threshold.map { "\(Quantity(units: Int128($0), scale: 2))" } ?? "-") \(told.used) \(told.limit.map { "\($0)" } ?? "-") \(told.cause.map { "e\($0)" } ?? "-")"
        }
        if said != wanted { return "\(place): \(said) and not \(wanted)" }
      }
      return nil
    }
  }
}
