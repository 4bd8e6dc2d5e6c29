import MeterModel
import Testing
import TestDice

@testable import MeterCore

/// A seeded walk: a runtime and a database that answer every action, late, wrongly or not at all, and the laws that hold meanwhile.
@Suite struct PartitionWalkTests {
  private struct World {
    var round: PartitionRound
    var dice: Dice
    var now: Int64 = 0
    /// Failures of calls come this often among twelve.
    var trouble: Int

    /// The call that is under way: there is one at most.
    var call: PartitionRound.Action?
    var wakes: [Int64] = []
    var isReading = false
    var isPaused = false
    var wasRevoked = false
    var isGone = false
    var sealed = false
    var inDoubt = false
    var pending = false
    var isHalted = false
    /// Whether the reason of a halt is being written down, and whether it still must be.
    var isRecording = false
    var owesHalt = false
    /// Somebody else has the partition.
    var isCutOff = false
    /// Whether a batch waits for what it touches, and whether the question is under way.
    var setAside = false
    var isLoading = false
    var applied = 0
    /// Held events: being fetched; fetched and not in the tables; counted; in the sealed flush.
    var isFetching = false
    var isHeld = false
    var isCounted = false
    var isHeldSealed = false
    var replays = 0
    var callsAt: [Int64] = []
    var flaws: [String] = []

    mutating func flaw(_ what: String) { flaws.append("\(what) at \(now)") }

    mutating func step(_ fact: PartitionRound.Fact) {
      let wasGone = isGone
      if fact == .lost || fact == .refused { isCutOff = true }
      let actions = round.step(fact, now: now)
      if wasGone, !actions.isEmpty { flaw("\(actions) after the release") }
      for (index, action) in actions.enumerated() { carryOut(action, isLast: index == actions.count - 1) }
    }

    private mutating func start(_ action: PartitionRound.Action) {
      if call != nil { flaw("\(action) beside \(String(describing: call))") }
      call = action
      callsAt.append(now)
    }

    private mutating func carryOut(_ action: PartitionRound.Action, isLast: Bool) {
      if isGone { flaw("\(action) after the drop") }
      switch action {
      case .claim, .askLog, .begin, .restore: start(action)
      case .load:
        if isLoading { flaw("loaded twice") }
        if !setAside { flaw("loaded for nothing") }
        if wasRevoked || isHalted { flaw("loaded though nothing is read") }
        isLoading = true
        callsAt.append(now)
      case .apply:
        if !setAside || isLoading { flaw("applied before it was loaded") }
        setAside = false
        applied += 1
        // Nearly always it is then counted; it may also need more.
        if dice.once(in: 4) { return coolDown() }
        pending = true
        step(.counted(rows: dice.below(120), bytes: dice.below(1_200)))
      case .read:
        if isReading || isHalted { flaw("read twice") }
        isReading = true
      case .stopReading:
        if isPaused, !wasRevoked, round.phase == .reading { flaw("stopped twice") }
        isPaused = true
      case .touch:
        if !isReading || sealed || pending { flaw("touched while there is something to commit") }
      case .resumeReading:
        if !isPaused || wasRevoked || isHalted { flaw("resumed without a stop") }
        isPaused = false
      case .seal:
        if sealed { flaw("sealed beside an unresolved flush") }
        if !pending { flaw("sealed nothing") }
        sealed = true
        pending = false
        isHeldSealed = isCounted
        isCounted = false
      case .fetchHeld:
        if isFetching { flaw("fetched twice") }
        if isHeld { flaw("fetched while others are on their way into the tables") }
        if wasRevoked || isHalted || isPaused { flaw("fetched though nothing is read") }
        isFetching = true
      case .commit:
        if !sealed { flaw("committed nothing") }
        if inDoubt { flaw("committed in doubt") }
        start(action)
      case .resolve:
        if !inDoubt { flaw("resolved without a doubt") }
        start(action)
      case .wake(let after):
        if after.nanoseconds < 0 { flaw("a wake in the past") }
        wakes.append(now + after.nanoseconds)
        if wakes.count > 6 { flaw("\(wakes.count) wakes") }
      case .halt(_, let isNew):
        if isHalted { flaw("halted twice") }
        isHalted = true
        if isNew { startRecording() }
      case .recordHalt:
        if !owesHalt { flaw("a halt is written down again") }
        startRecording()
      case .drop:
        sealed = false
        pending = false
        call = nil
      case .release:
        if !isLast { flaw("something after the release") }
        if owesHalt, !isCutOff { flaw("released with a halt that nobody knows of") }
        isGone = true
      }
    }

    mutating func coolDown() {
      setAside = true
      step(.cold)
    }

    mutating func answerLoad() {
      guard isLoading else { return }
      isLoading = false
      step(dice.below(12) < trouble ? .failed : .loaded)
    }

    private mutating func startRecording() {
      if isRecording { flaw("a halt is written down twice at once") }
      isRecording = true
      owesHalt = true
      callsAt.append(now)
    }

    mutating func answerHalt() {
      guard isRecording else { return }
      isRecording = false
      let fails = dice.below(12) < trouble
      if !fails { owesHalt = false }
      step(fails ? .haltFailed : .haltRecorded)
    }

    mutating func answerFetch() {
      guard isFetching else { return }
      isFetching = false
      if dice.below(12) < trouble { return step(.notHeld) }
      let count = dice.below(3)
      isHeld = count > 0
      step(.held(count, hasMore: dice.once(in: 2)))
    }

    /// All that were fetched are counted, in one go or with a flush between.
    mutating func countHeld() {
      guard isHeld, !isCounted, !isHeldSealed, !isGone, !setAside else { return }
      isCounted = true
      pending = true
      step(.replayed)
      step(.counted(rows: dice.below(120), bytes: dice.below(1_200)))
    }

    private mutating func flushed() {
      sealed = false
      if isHeldSealed { replays += 1 }
      if isHeldSealed { isHeld = false }
      isHeldSealed = false
      step(.flushed)
    }

    mutating func answer() {
      guard let asked = call else { return }
      call = nil
      let fails = dice.below(12) < trouble
      switch asked {
      case .claim:
        step(fails ? .failed : .claimed(next: dice.once(in: 4) ? nil : 10, halted: dice.once(in: 30) ? "old" : nil))
      case .askLog: step(fails ? .failed : .logged(low: dice.once(in: 30) ? 11 : 0, high: 50))
      case .begin: step(fails ? .failed : .begun)
      case .restore: step(fails ? .failed : .restored)
      case .commit:
        if fails, dice.once(in: 2) {
          inDoubt = true
          step(.unknown)
        } else if fails {
          step(.retriable)
        } else {
          flushed()
        }
      case .resolve:
        if fails { return step(.unknown) }
        inDoubt = false
        if dice.once(in: 2) { return step(.absent) }
        flushed()
      default: break
      }
    }

    /// One thing happens.
    mutating func move() {
      now += Int64(dice.below(20_000_000))
      if let due = wakes.min(), due <= now {
        wakes.remove(at: wakes.firstIndex(of: due)!)
        return step(.tick)
      }
      switch dice.below(12) {
      case 0...3: answer()
      case 10 where dice.once(in: 3): step(.replayWanted)
      case 11:
        answerFetch()
        countHeld()
      case 4 where isReading && !isPaused && !isGone && !isHalted && !wasRevoked && !setAside && dice.once(in: 3):
        coolDown()
      case 4...6 where isReading && !isPaused && !isGone && !isHalted && !setAside:
        pending = true
        step(.counted(rows: dice.below(120), bytes: dice.below(1_200)))
      case 7 where dice.once(in: 60): step(.tick)
      case 8 where dice.once(in: 600): step(.broken("x"))
      case 9:
        answerLoad()
        answerHalt()
      default: break
      }
    }
  }

  private func world(_ seed: UInt64, trouble: Int) -> World {
    World(round: PartitionRound(bounds: PartitionRoundTests.bounds, seed: seed), dice: Dice(seed), trouble: trouble)
  }

  @Test(arguments: 1...150 as ClosedRange<UInt64>)
  func `the laws of a round hold on any way through it`(_ seed: UInt64) {
    var world = world(seed, trouble: Int(seed % 12))
    world.step(.assigned)
    for _ in 0..<2_000 { world.move() }
    // From here calls succeed, and whatever state the round is in, it ends in a release.
    world.trouble = 0
    if seed % 5 == 0 { world.step(.lost) } else { world.step(.revoked) }
    world.wasRevoked = true
    for _ in 0..<4_000 where !world.isGone { world.move() }
    #expect(world.isGone, "seed \(seed): \(world.round.phase)")
    for fact in [PartitionRound.Fact.tick, .flushed, .revoked, .counted(rows: 1, bytes: 1), .broken("y"), .lost] {
      world.step(fact)
    }
    #expect(world.flaws.isEmpty, "seed \(seed): \(world.flaws.prefix(3))")
    #expect(!world.sealed || seed % 5 == 0)
    if seed % 12 < 4, world.isReading, !world.isHalted {
      #expect(world.applied > 0 && world.replays > 0, "seed \(seed)")
    }
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `calls that always fail are made below ten times a second`(_ seed: UInt64) {
    var world = world(seed, trouble: 0)
    world.step(.assigned)
    for _ in 0..<Int(seed) * 20 { world.move() }
    world.trouble = 12
    world.callsAt = []
    let start = world.now
    for _ in 0..<3_000 { world.move() }
    let seconds = (world.now - start) / 1_000_000_000
    #expect(world.callsAt.count <= 10 * Int(seconds + 1), "seed \(seed): \(world.callsAt.count) in \(seconds) s")
    #expect(world.flaws.isEmpty, "seed \(seed): \(world.flaws.prefix(3))")
  }

  @Test func `a server that cuts every commit and knows of none is not asked without a pause`() {
    var round = PartitionRound(bounds: PartitionRoundTests.bounds, seed: 4)
    for (fact, _) in PartitionRoundTests.untilReading { _ = round.step(fact, now: 0) }
    var actions = round.step(.counted(rows: 100, bytes: 1), now: 0)
    var now: Int64 = 0
    var commits = 0
    while now < 10_000_000_000 {
      let last = actions.last
      switch last {
      case .commit:
        commits += 1
        actions = round.step(.unknown, now: now)
      case .resolve: actions = round.step(.absent, now: now)
      case .wake(let after):
        now += after.nanoseconds
        actions = round.step(.tick, now: now)
      default:
        Issue.record("\(actions)")
        return
      }
      if commits > 200 { break }
    }
    #expect(commits < 100)
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `a halted partition flushes what is pending`(_ seed: UInt64) {
    var world = world(seed, trouble: 3)
    world.step(.assigned)
    for _ in 0..<400 { world.move() }
    guard world.isReading, !world.isHalted else { return }
    world.step(.broken("gone"))
    for _ in 0..<3_000 { world.move() }
    #expect(world.isHalted && !world.pending && !world.sealed && !world.owesHalt, "seed \(seed)")
    #expect(world.flaws.isEmpty, "seed \(seed): \(world.flaws.prefix(3))")
  }
}
