import Testing

@testable import ProtocolModel

/// The commit protocol, with everything that can happen to it. `deploy/dev model` tells the same story in full.
@Suite struct ProtocolTests {
  private static let model = Model(.small)
  /// Where every statement arrives at once or never, the comparison of the cursor has no other use than to catch mistakes.
  private static let prompt = Model(Scope(events: [0, 1, 0], lateMax: 0))

  @Test func `whatever happens, the laws hold and the log can be committed to its end`() {
    let outcome = Self.model.search()
    print("the protocol: \(outcome.states) states, the farthest \(outcome.depth) steps away")
    #expect(outcome.breach == nil, "\(outcome.breach?.words ?? "")")
    #expect(outcome.states > 100_000 && outcome.depth > 25)
  }

  @Test func `every guard that is left out shows by a breach what it is for`() {
    for one in Guard.allCases where !Guard.spare.contains(one) {
      guard let breach = Self.model.search(without: [one]).breach else {
        Issue.record("nothing breaks when \(one.words)")
        continue
      }
      print("\(one.words) | \(breach.steps.count) steps | \(breach.words)")
      #expect(breach.steps.count < 20)
    }
  }

  /// The cursor that `apply` compares saves the tables from most mistakes; what such a mistake then costs is a stop.
  @Test func `without the comparison of the cursor a second mistake is a wrong bill`() {
    #expect(Self.prompt.search(without: [.cursorInApply]).breach == nil)
    for one in [Guard.epochInApply, .claimRaisesEpoch, .claimIsOneStatement, .doubtIsNotSuccess, .doubtIsNotFailure] {
      let breach = Self.prompt.search(without: [.cursorInApply, one], until: \.isAboutTables).breach
      #expect(breach?.damage.isEmpty == false, "\(one.words)")
    }
  }

  @Test func `what others make superfluous can be left out`() {
    let model = Model(Scope(events: [0, 0], lateMax: 1))
    for one in Guard.spare {
      let breach = model.search(without: [one]).breach
      #expect(breach == nil, "\(one.words): \(breach?.words ?? "")")
    }
  }

  /// A claim whose stay is over, or whose connection broke, still takes the partition from whoever has it, and then nobody reads. Exact,
  /// but idle.
  @Test func `a claim that arrives late leaves the partition with nobody until the group rebalances`() {
    let outcome = Model(Scope(events: [0], lateMax: 1)).search()
    #expect(outcome.breach == nil)
    #expect(outcome.stranded > 0)
    #expect(outcome.nearestStranded?.steps.last == "the late claim arrives")
  }

  @Test func `steps that are taken together and leftovers that are taken away hide no breach and make none`() {
    let lean = Model(Scope(events: [0], lateMax: 0))
    let literal = Model(Scope(events: [0], lateMax: 0, isLiteral: true))
    let (short, long) = (lean.search(), literal.search())
    #expect(short.breach == nil && long.breach == nil)
    #expect(short.states * 2 < long.states)
    #expect((short.stranded > 0) == (long.stranded > 0))
    for one in Guard.allCases {
      let (short, long) = (lean.search(without: [one]).breach, literal.search(without: [one]).breach)
      #expect((short == nil) == (long == nil), "\(one): \((short ?? long)?.words ?? "")")
    }
  }

  @Test func `a tampered oracle is noticed`() {
    var counts = Scope.small.counts(below: 3)
    #expect(counts.isSame(as: Scope.small.counts(below: 3)))
    counts.count(1, of: 1, remembered: 0)
    #expect(!counts.isSame(as: Scope.small.counts(below: 3)))
  }
}
