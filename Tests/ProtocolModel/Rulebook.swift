/// What may happen next in a state, and what it leads to.
///
/// Steps that belong together are taken together unless the scope is literal: the server's part of a call and the daemon's, and the
/// two halves of a delivery. Whatever happens elsewhere between the two could as well have come before or after both, because the
/// second half touches nothing but the daemon, which waits for it.
final class Rulebook {
  let scope: Scope
  let atlas: RoundAtlas
  private let missing: UInt32
  /// By cursor.
  private let expected: [Counts]
  /// Whether what a daemon holds decides nothing once it has lost its epoch.
  private let forgetsOldEpochs: Bool

  /// The protocol without some of its guards.
  init(_ scope: Scope, _ atlas: RoundAtlas, without guards: [Guard] = []) {
    self.scope = scope
    self.atlas = atlas
    missing = guards.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
    expected = (0...scope.end).map { scope.counts(below: $0) }
    forgetsOldEpochs = !guards.contains { $0.isAboutOldEpochs }
  }

  func lacks(_ one: Guard) -> Bool { missing & 1 << UInt32(one.rawValue) != 0 }

  func isComplete(_ state: State) -> Bool { state.row.next == scope.end }

  func take(_ step: Step, in state: State) -> (state: State, breach: Law?) {
    var turn = Turn(state, self)
    turn.take(step)
    let breach = breach(from: state.row, to: turn.state.row) ?? turn.breach
    if !scope.isLiteral { tidy(&turn.state) }
    return (turn.state, breach)
  }

  private func breach(from before: Row, to after: Row) -> Law? {
    if after.start < before.start { return .monotone }
    return after.written.isSame(as: expected(in: after)) ? nil : .counts
  }

  /// What the tables must hold.
  func expected(in row: Row) -> Counts { expected[Int(row.start)] }

  func steps(in state: State) -> [Step] {
    var steps: [Step] = []
    steps.reserveCapacity(16)
    let mayBeLate = state.lateCount < scope.lateMax
    for daemon in 0...1 {
      let member = state[daemon]
      let isHolder = state.group.holder == daemon
      if member.hasStay {
        if isHolder { steps.append(.dismiss(daemon)) }
        if member.standing == .dismissed { steps.append(.revoke(daemon)) }
        if member.standing != .held { steps.append(.lose(daemon)) }
        steps.append(member.leavesTrace && mayBeLate ? .crashLate(daemon) : .crash(daemon))
        if member.wakes > 0 { steps.append(.tick(daemon)) }
        addCalls(of: daemon, member, mayBeLate, to: &steps)
      } else if isHolder {
        steps.append(.regroup(daemon))
      } else if state.group == .nobody {
        steps.append(.assign(daemon))
      }
      if member.hasBatch { steps.append(.receive(daemon)) } else { addDeliveries(to: daemon, member, &steps) }
    }
    if state.late.0.request != .none { steps.append(.arrive(0)) }
    if state.late.1.request != .none { steps.append(.arrive(1)) }
    return steps
  }

  private func addCalls(of daemon: Int, _ member: Member, _ mayBeLate: Bool, to steps: inout [Step]) {
    guard member.request != .none else { return }
    steps.append(.cut(daemon))
    guard member.answer == .none else { return steps.append(.hear(daemon)) }
    let hasHalves = lacks(.claimIsOneStatement) || lacks(.restoreAfterClaim)
    let isHalf = member.request == .claim && hasHalves && member.glimpse == Member.nothingSeen
    steps.append(isHalf ? .look(daemon) : scope.isLiteral ? .execute(daemon) : .serve(daemon))
    steps.append(.fail(daemon))
    if member.leavesTrace {
      if !isHalf { steps.append(.cutAfter(daemon)) }
      if mayBeLate { steps.append(.cutLate(daemon)) }
    }
    guard member.request == .commit else { return }
    steps.append(.failAfter(daemon))
    if lacks(.oneTransaction) { steps.append(.tear(daemon)) }
  }

  /// Batches of one record and of two. A daemon that drains may still have one. A record that comes again is offered only where it is
  /// not dropped.
  private func addDeliveries(to daemon: Int, _ member: Member, _ steps: inout [Step]) {
    guard member.isReading, !member.isPaused || member.standing == .told else { return }
    let comesAgain = lacks(.deliveriesBelowExpected) && member.expected > 0
    let hasHalves = scope.isLiteral || lacks(.deliveriesOfEarlierStays)
    for from in (comesAgain ? member.expected - 1 : member.expected)...member.expected {
      for to in from + 1..<from + 3 where to <= scope.end {
        steps.append(hasHalves ? .fetch(daemon, from: from, to: to) : .deliver(daemon, from: from, to: to))
      }
    }
  }

  /// Takes away what nobody will ever ask for: late statements of an old epoch, which will be refused whenever they arrive; batches of
  /// an earlier stay, which will be dropped; what a daemon holds that lost its epoch, because every call of it will be refused; ticks
  /// that will do nothing.
  private func tidy(_ state: inout State) {
    if isVoid(state.late.0) { state.late.0 = LateStatement() }
    if isVoid(state.late.1) { state.late.1 = LateStatement() }
    for daemon in 0...1 {
      var member = state[daemon]
      if member.isBatchStale, !lacks(.deliveriesOfEarlierStays) { member.forgetBatch() }
      if member.hasTally, !member.holdsEpoch, forgetsOldEpochs { member.forgetCounts() }
      if member.wakes > 0, atlas.isDeafToTicks(member.round) { member.wakes = 0 }
      state[daemon] = member
    }
  }

  private func isVoid(_ late: LateStatement) -> Bool {
    switch late.request {
    case .commit: !late.holdsEpoch && !lacks(.epochInApply) && late.hearer == 0
    case .begin: !late.holdsEpoch && !lacks(.epochInBegin)
    default: false
    }
  }
}
