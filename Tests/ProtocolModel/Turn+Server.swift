/// The statements of `Ledger` and the procedure `meterd.apply`, each at the moment at which it takes effect, and what a daemon makes
/// of the answers, as the lane does.
extension Turn {
  /// The server does what the daemon asked for.
  mutating func execute(_ daemon: Int) {
    let member = state[daemon]
    var (answer, value) = (Answer.refused, UInt8(0))
    switch member.request {
    case .claim:
      (answer, value) = (.claimed, book.lacks(.claimIsOneStatement) ? member.glimpse : state.row.next)
      claim(by: daemon)
    case .begin: if begin(holdsEpoch: member.holdsEpoch) { answer = .begun }
    case .restore:
      let identities = book.lacks(.restoreAfterClaim) ? member.glimpse : state.row.written.identities
      (answer, value) = (.restored, book.lacks(.restoreBeforeReading) ? 0 : identities)
    case .commit:
      if apply(member.sealed, holdsEpoch: member.holdsEpoch, origin: daemon) { answer = .committed }
    case .resolve: answer = resolve(member)
    case .none: preconditionFailure("nothing was asked")
    }
    if answer == .refused, member.holdsEpoch { breach = .rival }
    state[daemon].answer = answer
    state[daemon].answerValue = value
  }

  /// From here on every older epoch is refused. A claim that nobody hears of leaves the partition with nobody.
  mutating func claim(by daemon: Int?) {
    if !book.lacks(.claimRaisesEpoch) {
      state.members.0.holdsEpoch = false
      state.members.1.holdsEpoch = false
      state.late.0.holdsEpoch = false
      state.late.1.holdsEpoch = false
    }
    if let daemon { state[daemon].holdsEpoch = true }
    if !book.lacks(.claimResetsLastFlush) { state.row.lastFlush = 0 }
  }

  mutating func begin(holdsEpoch: Bool) -> Bool {
    guard holdsEpoch || book.lacks(.epochInBegin) else { return false }
    if state.row.next == Row.unset || book.lacks(.beginKeepsCursor) { state.row.next = 0 }
    return state.row.next == 0
  }

  /// The whole flush, or nothing; true when it is in the tables, now or since an earlier attempt. `origin` waits for it.
  mutating func apply(_ flush: Sealed, holdsEpoch: Bool, origin: Int?) -> Bool {
    let row = state.row
    guard holdsEpoch || book.lacks(.epochInApply) else { return false }
    if row.lastFlush == flush.number, row.next == flush.counts.to, !book.lacks(.repeatedFlushInApply) { return true }
    guard row.next == flush.counts.from || book.lacks(.cursorInApply) else { return false }
    if row.written.to != flush.counts.from { breach = .tiles }
    state.row.written.add(flush.counts)
    state.row.written.to = flush.counts.to
    state.row.next = flush.counts.to
    state.row.lastFlush = flush.number
    if let origin { state[origin].hasLanded = true }
    return true
  }

  /// The cursor row is asked what became of a flush. It is no matter here whether a flush that is still on its way holds the row's
  /// lock or has not even arrived: the answer may be `absent` either way, and the flush arrive later.
  private func resolve(_ member: Member) -> Answer {
    let row = state.row
    guard member.holdsEpoch || book.lacks(.epochInResolve) else { return .refused }
    let isNumber = row.lastFlush == member.sealed.number || book.lacks(.flushNumberInResolve)
    if isNumber && row.next == member.sealed.counts.to || book.lacks(.cursorInResolve) { return .committed }
    return row.next == member.sealed.counts.from ? .absent : .refused
  }

  /// The answer comes to the daemon.
  mutating func hear(_ daemon: Int) {
    let (answer, value) = (state[daemon].answer, state[daemon].answerValue)
    _ = close(daemon)
    switch answer {
    case .claimed:
      if !book.lacks(.restoreAfterClaim) { state[daemon].glimpse = Member.nothingSeen }
      tell(daemon, .claimed(value))
    case .begun: tell(daemon, .begun)
    case .restored:
      state[daemon].memory |= value
      state[daemon].glimpse = Member.nothingSeen
      tell(daemon, .restored)
    case .committed: acknowledge(daemon)
    case .absent:
      guard book.lacks(.absentSendsAgain) else { return tell(daemon, .absent) }
      state[daemon].sealed = Sealed()
      disown(daemon)
      tell(daemon, .flushed)
    case .refused: refuse(daemon)
    case .none: preconditionFailure("nothing was answered")
    }
  }

  /// The daemon takes its flush for committed: the sealed copy is forgotten, and Kafka is told.
  mutating func acknowledge(_ daemon: Int) {
    let sealed = state[daemon].sealed
    if sealed.number > 0 {
      if !book.lacks(.hintAfterCommit) { hint(sealed.counts.to) }
      if !state[daemon].hasLanded { breach = .durable }
      state[daemon].sealed = Sealed()
      state[daemon].hasLanded = false
      disown(daemon)
    }
    tell(daemon, .flushed)
  }

  mutating func refuse(_ daemon: Int) {
    if book.lacks(.refusedIsDropped), state[daemon].sealed.number > 0 {
      acknowledge(daemon)
    } else {
      tell(daemon, .refused)
    }
  }
}
