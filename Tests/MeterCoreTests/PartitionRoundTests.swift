import MeterModel
import Testing

@testable import MeterCore

/// Every way through the round, as tables of facts and the actions that answer them.
@Suite struct PartitionRoundTests {
  typealias Fact = PartitionRound.Fact
  typealias Action = PartitionRound.Action

  static let bounds = PartitionRound.Bounds(flushInterval: .seconds(1), flushRows: 100, pendingBytes: 1_000)

  /// Without the times of wakes, which are random in part.
  static func plain(_ actions: [Action]) -> [Action] {
    actions.map {
      if case .wake = $0 { return .wake(after: TimeSpan(nanoseconds: 0)) }
      return $0
    }
  }

  static let wake = Action.wake(after: TimeSpan(nanoseconds: 0))
  static let untilReading: [(Fact, [Action])] = [
    (.assigned, [.claim]), (.claimed(next: 10, halted: nil), [.askLog]), (.logged(low: 0, high: 50), [.restore]),
    (.restored, [.read(from: 10)]),
  ]

  /// Goes through a table, a millisecond for each fact; `tick` comes five seconds later.
  private func go(
    _ table: [(Fact, [Action])], reading: Bool = false, _ place: SourceLocation = #_sourceLocation
  ) -> PartitionRound {
    var round = PartitionRound(bounds: Self.bounds, seed: 1)
    var now: Int64 = 0
    for (index, (fact, actions)) in ((reading ? Self.untilReading : []) + table).enumerated() {
      now += fact == .tick ? 5_000_000_000 : 1_000_000
      #expect(Self.plain(round.step(fact, now: now)) == actions, "step \(index), \(fact)", sourceLocation: place)
    }
    return round
  }

  @Test func `a partition is claimed, looked at, restored and read`() {
    let round = go(Self.untilReading)
    #expect(round.phase == .reading && round.cursor == 10)
  }

  @Test func `held events are fetched when wanted, and again only when they are in the tables`() {
    _ = go(
      [
        (.replayWanted, [.fetchHeld]), (.replayWanted, []), (.notHeld, []), (.replayWanted, [.fetchHeld]),
        (.held(0, hasMore: false), []), (.replayWanted, [.fetchHeld]), (.held(3, hasMore: true), []),
        (.replayWanted, []), (.replayed, []), (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.replayWanted, []),
        (.unknown, [.resolve]), (.absent, [Self.wake]), (.replayWanted, []), (.tick, [.commit]),
        // There are more, and nobody needs to ask.
        (.flushed, [.fetchHeld]), (.held(1, hasMore: false), []), (.counted(rows: 100, bytes: 1), [.seal, .commit]),
        // That flush had not all of them.
        (.flushed, []), (.replayWanted, []), (.replayed, []), (.counted(rows: 100, bytes: 1), [.seal, .commit]),
        (.flushed, []), (.replayWanted, [.fetchHeld]),
      ], reading: true)
  }

  @Test func `nothing is fetched for a partition that is full, halted, draining or gone`() {
    _ = go(
      [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.counted(rows: 1, bytes: 5_000), [.stopReading]),
        (.replayWanted, []),
      ], reading: true)
    _ = go([(.broken("x"), [.stopReading, .halt("x", isNew: true)]), (.replayWanted, [])], reading: true)
    _ = go([(.revoked, [.stopReading, .drop, .release]), (.replayWanted, [])], reading: true)
    _ = go([(.assigned, [.claim]), (.replayWanted, [])])
  }

  @Test func `a first start begins at the log's start and writes it down`() {
    let round = go([
      (.assigned, [.claim]), (.claimed(next: nil, halted: nil), [.askLog]),
      (.logged(low: 7, high: 50), [.begin(at: 7)]),
      (.failed, [Self.wake]), (.tick, [.begin(at: 7)]), (.begun, [.restore]), (.restored, [.read(from: 7)]),
    ])
    #expect(round.cursor == 7)
  }

  @Test func `a call that fails is made again`() {
    _ = go([
      (.assigned, [.claim]), (.failed, [Self.wake]), (.tick, [.claim]), (.failed, [Self.wake]), (.tick, [.claim]),
      (.claimed(next: 1, halted: nil), [.askLog]), (.failed, [Self.wake]), (.tick, [.askLog]),
      (.logged(low: 0, high: 1), [.restore]), (.failed, [Self.wake]), (.tick, [.restore]),
      (.restored, [.read(from: 1)]), (.failed, []),
    ])
  }

  @Test(arguments: [(0, 10, 0, 10), (10, 10, 0, 10), (0, 0, 0, 0), (5, 5, 5, 5)] as [(Int64, Int64, Int64, Int64)])
  func `a cursor inside the log is read from`(_ cursor: Int64, _ high: Int64, _ low: Int64, _ unused: Int64) {
    let round = go([
      (.assigned, [.claim]), (.claimed(next: cursor, halted: nil), [.askLog]),
      (.logged(low: low, high: high), [.restore]),
    ])
    #expect(round.phase == .restoring)
  }

  @Test(arguments: [(4, 5, 10), (0, 1, 1), (11, 5, 10), (1, 0, 0)] as [(Int64, Int64, Int64)])
  func `a cursor outside the log halts the partition`(_ cursor: Int64, _ low: Int64, _ high: Int64) {
    var round = go([(.assigned, [.claim]), (.claimed(next: cursor, halted: nil), [.askLog])])
    let actions = round.step(.logged(low: low, high: high), now: 9_000_000)
    guard actions.count == 1, case .halt(let reason, isNew: true)? = actions.first else {
      Issue.record("\(actions)")
      return
    }
    #expect(reason.contains("the cursor is \(cursor)"))
    #expect(round.phase == .halted)
    for fact in [
      Fact.tick, .restored, .begun, .failed, .logged(low: 0, high: 99), .broken("x"), .claimed(next: 1, halted: nil),
    ] {
      #expect(round.step(fact, now: 99_000_000_000) == [])
    }
    #expect(round.step(.haltRecorded, now: 99_500_000_000) == [])
    #expect(round.step(.revoked, now: 100_000_000_000) == [.drop, .release])
  }

  @Test func `a new halt is written down until it stands there, and the partition does not go before`() {
    let halt = Action.halt("gone", isNew: true)
    _ = go(
      [
        (.broken("gone"), [.stopReading, halt]), (.haltFailed, [Self.wake]), (.haltRecorded, []), (.tick, []),
        (.haltFailed, []), (.revoked, [.drop, .release]),
      ], reading: true)
    _ = go(
      [
        (.broken("gone"), [.stopReading, halt]), (.haltFailed, [Self.wake]), (.tick, [.recordHalt("gone")]),
        (.revoked, []), (.haltFailed, [Self.wake]), (.tick, [.recordHalt("gone")]), (.haltRecorded, [.drop, .release]),
        (.haltRecorded, []),
      ], reading: true)
    // A flush that is under way is waited for too.
    _ = go(
      [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.broken("gone"), [.stopReading, halt]), (.revoked, []),
        (.haltRecorded, []), (.flushed, [.drop, .release]),
      ], reading: true)
    _ = go(
      [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.broken("gone"), [.stopReading, halt]), (.revoked, []),
        (.flushed, []), (.haltRecorded, [.drop, .release]),
      ], reading: true)
    // Whoever has the partition now decides for itself.
    for end in [Fact.lost, .refused] {
      _ = go(
        [
          (.broken("gone"), [.stopReading, halt]), (.haltFailed, [Self.wake]), (end, [.stopReading, .drop, .release]),
          (.tick, []), (.haltRecorded, []), (.haltFailed, []),
        ], reading: true)
    }
  }

  @Test func `a halt that was found stays and is not written again`() {
    let round = go([
      (.assigned, [.claim]), (.claimed(next: 5, halted: "gap"), [.halt("gap", isNew: false)]), (.tick, []),
      (.logged(low: 0, high: 9), []),
      (.revoked, [.drop, .release]),
    ])
    #expect(round.phase == .gone)
  }

  @Test func `a flush comes when its interval has passed`() {
    _ = go(
      [
        (.counted(rows: 1, bytes: 1), [Self.wake]), (.counted(rows: 2, bytes: 2), []), (.tick, [.seal, .commit]),
        (.flushed, []),
      ], reading: true)
  }

  @Test func `a flush comes when its rows or half its bytes are there`() {
    _ = go([(.counted(rows: 100, bytes: 1), [.seal, .commit]), (.flushed, [])], reading: true)
    _ = go([(.counted(rows: 1, bytes: 500), [.seal, .commit]), (.flushed, [])], reading: true)
    _ = go([(.counted(rows: 99, bytes: 499), [Self.wake])], reading: true)
  }

  @Test func `events that made no rows are flushed too, for their cursor`() {
    _ = go([(.counted(rows: 0, bytes: 0), [Self.wake]), (.tick, [.seal, .commit]), (.flushed, [])], reading: true)
  }

  @Test func `counting goes on behind a flush up to the bound and starts again after it`() {
    _ = go(
      [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.counted(rows: 50, bytes: 900), []),
        (.counted(rows: 60, bytes: 1_000), [.stopReading]),
        (.counted(rows: 60, bytes: 2_000), []), (.flushed, [.seal, .commit, .resumeReading]), (.flushed, []),
      ], reading: true)
    _ = go(
      [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.counted(rows: 200, bytes: 1), [.stopReading]),
        (.flushed, [.seal, .commit, .resumeReading]),
      ],
      reading: true)
  }

  @Test func `a flush that failed is the same flush again, after a pause`() {
    let round = go(
      [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.retriable, [Self.wake]),
        (.counted(rows: 100, bytes: 1), []), (.retriable, []),
        (.flushed, []), (.tick, [.commit]), (.retriable, [Self.wake]), (.tick, [.commit]),
        (.flushed, [.seal, .commit]), (.flushed, []),
      ], reading: true)
    #expect(!round.isFlushing && round.attempts == 0)
  }

  @Test func `an unknown outcome is resolved before anything else`() {
    for ending in [Fact.flushed, .absent] {
      var table: [(Fact, [Action])] = [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.unknown, [.resolve]), (.counted(rows: 100, bytes: 1), []),
        (.retriable, []),
        (.tick, []), (.unknown, [Self.wake]), (.absent, []), (.flushed, []), (.tick, [.resolve]),
      ]
      table +=
        ending == .flushed
        ? [(.flushed, [.seal, .commit])] : [(.absent, [Self.wake]), (.tick, [.commit]), (.flushed, [.seal, .commit])]
      _ = go(table, reading: true)
    }
  }

  @Test(arguments: [Fact.refused, .lost])
  func `whoever lost the partition drops everything at once`(_ fact: Fact) {
    let tables: [[(Fact, [Action])]] = [
      [], [(.counted(rows: 1, bytes: 1), [Self.wake])], [(.counted(rows: 100, bytes: 1), [.seal, .commit])],
      [(.counted(rows: 100, bytes: 1), [.seal, .commit]), (.unknown, [.resolve])],
      [(.counted(rows: 100, bytes: 1), [.seal, .commit]), (.retriable, [Self.wake])],
      [(.counted(rows: 100, bytes: 1), [.seal, .commit]), (.revoked, [.stopReading])],
    ]
    for table in tables {
      var round = go(table, reading: true)
      let actions = round.step(fact, now: 50_000_000)
      #expect(actions.suffix(2) == [.drop, .release])
      #expect(round.phase == .gone && !round.isFlushing)
      for late in [
        Fact.flushed, .tick, .counted(rows: 1, bytes: 1), .revoked, .lost, .refused, .unknown, .absent, .retriable,
        .restored, .broken("x"), .assigned,
      ] {
        #expect(round.step(late, now: 90_000_000_000) == [], "\(late)")
      }
    }
  }

  @Test func `a revoked partition flushes what it holds and goes`() {
    _ = go([(.revoked, [.stopReading, .drop, .release])], reading: true)
    _ = go(
      [
        (.counted(rows: 1, bytes: 1), [Self.wake]), (.revoked, [.stopReading, .seal, .commit]),
        (.flushed, [.drop, .release]),
      ], reading: true)
    _ = go(
      [
        (.counted(rows: 100, bytes: 1), [.seal, .commit]), (.counted(rows: 1, bytes: 1), []),
        (.revoked, [.stopReading]),
        (.counted(rows: 2, bytes: 2), []), (.retriable, [Self.wake]), (.revoked, []), (.tick, [.commit]),
        (.flushed, [.seal, .commit]),
        (.unknown, [.resolve]), (.flushed, [.drop, .release]), (.flushed, []),
      ], reading: true)
  }

  @Test func `a partition revoked before it was read has nothing to flush`() {
    for count in 0..<Self.untilReading.count {
      var round = go(Array(Self.untilReading[..<count]))
      #expect(round.step(.revoked, now: 20_000_000) == [.drop, .release], "\(count)")
      #expect(round.step(Self.untilReading[count].0, now: 30_000_000) == [], "\(count)")
    }
  }

  @Test func `a log that broke is halted, and what was counted is flushed`() {
    _ = go(
      [
        (.broken("gone"), [.stopReading, .halt("gone", isNew: true)]), (.broken("again"), []), (.haltRecorded, []),
        (.revoked, [.drop, .release]),
      ], reading: true)
    _ = go(
      [
        (.counted(rows: 1, bytes: 1), [Self.wake]),
        (.broken("gone"), [.stopReading, .halt("gone", isNew: true), .seal, .commit]),
        (.counted(rows: 1, bytes: 1), []), (.retriable, [Self.wake]), (.tick, [.commit]), (.flushed, [.seal, .commit]),
        (.flushed, []), (.haltRecorded, []),
        (.counted(rows: 1, bytes: 1), [.seal, .commit]), (.revoked, []), (.flushed, [.drop, .release]),
      ], reading: true)
  }

  @Test func `a log that breaks while the partition drains does not keep it`() {
    let round = go(
      [
        (.counted(rows: 1, bytes: 1), [Self.wake]), (.revoked, [.stopReading, .seal, .commit]), (.broken("gone"), []),
        (.flushed, [.drop, .release]),
      ], reading: true)
    #expect(round.phase == .gone)
  }

  @Test func `an interval that became longer still ends`() {
    var round = go([], reading: true)
    #expect(round.step(.counted(rows: 1, bytes: 1), now: 1_000_000_000) == [.wake(after: .seconds(1))])
    round.bounds.flushInterval = .seconds(10)
    #expect(round.step(.tick, now: 2_000_000_000) == [.wake(after: .seconds(9))])
    #expect(round.step(.tick, now: 11_000_000_000) == [.seal, .commit])
  }

  @Test func `a busy partition asks for one wake at a time`() {
    var round = go([], reading: true)
    var now: Int64 = 10_000_000
    var dueAt: [Int64] = []
    for index in 0..<20_000 {
      now += 1_000_000
      var facts = [Fact.counted(rows: index % 3 == 0 ? 100 : 1, bytes: 1), .flushed]
      if let due = dueAt.first, due <= now {
        dueAt.removeFirst()
        facts.append(.tick)
      }
      for fact in facts {
        for case .wake(let after) in round.step(fact, now: now) { dueAt.append(now + after.nanoseconds) }
      }
      #expect(dueAt.count <= 1)
    }
  }

  @Test func `retries come below ten a second and not slower than the last delay`() {
    for seed in 0..<200 as Range<UInt64> {
      var round = PartitionRound(bounds: Self.bounds, seed: seed)
      _ = round.step(.assigned, now: 0)
      var delays: [Int64] = []
      var now: Int64 = 0
      for _ in 0..<80 {
        guard case .wake(let after)? = round.step(.failed, now: now).first else {
          Issue.record("no wake")
          return
        }
        delays.append(after.nanoseconds)
        #expect(round.step(.tick, now: now + after.nanoseconds - 1) == [])
        now += after.nanoseconds
        #expect(round.step(.tick, now: now) == [.claim])
      }
      #expect(delays.allSatisfy { $0 > 100_000_000 && $0 <= 5_000_000_000 })
      #expect(delays.suffix(70).allSatisfy { $0 > 2_500_000_000 })
    }
  }

  @Test func `an idle partition says so every five seconds, a busy one never`() {
    var round = PartitionRound(bounds: .init(flushInterval: .seconds(1), flushRows: 10, pendingBytes: 1 << 20), seed: 1)
    for fact: PartitionRound.Fact in [.assigned, .claimed(next: 1, halted: nil), .logged(low: 0, high: 5), .restored] {
      _ = round.step(fact, now: 0)
    }
    let second: Int64 = 1_000_000_000
    #expect(round.step(.idle, now: 4 * second).isEmpty)
    #expect(round.step(.idle, now: 5 * second) == [.touch])
    #expect(round.step(.idle, now: 6 * second).isEmpty)
    _ = round.step(.counted(rows: 1, bytes: 1), now: 7 * second)
    #expect(round.step(.idle, now: 20 * second).isEmpty)
    #expect(round.step(.tick, now: 20 * second).prefix(2) == [.seal, .commit])
    #expect(round.step(.idle, now: 20 * second).isEmpty)
    _ = round.step(.flushed, now: 21 * second)
    #expect(round.step(.idle, now: 25 * second).isEmpty)
    #expect(round.step(.idle, now: 26 * second) == [.touch])
  }
}
