import MeterCore

/// One step, carried out: what the group does, and what the runtime does around the machine.
struct Turn {
  let book: Rulebook
  var state: State
  var breach: Law?

  init(_ state: State, _ book: Rulebook) {
    self.state = state
    self.book = book
  }

  mutating func take(_ step: Step) {
    switch step {
    case .assign(let daemon):
      state.group = State.Group(holder: daemon)
      tell(daemon, .assigned)
    case .dismiss(let daemon):
      state.group = .nobody
      state[daemon].standing = .dismissed
    case .regroup: state.group = .nobody
    case .revoke(let daemon):
      state[daemon].standing = .told
      tell(daemon, .revoked)
    case .lose(let daemon): lose(daemon)
    case .deliver(let daemon, let from, let to):
      fetch(daemon, from, to)
      receive(daemon)
    case .fetch(let daemon, let from, let to): fetch(daemon, from, to)
    case .receive(let daemon): receive(daemon)
    case .tick(let daemon):
      state[daemon].wakes -= 1
      tell(daemon, .tick)
    case .serve(let daemon):
      execute(daemon)
      hear(daemon)
    case .execute(let daemon): execute(daemon)
    case .hear(let daemon): hear(daemon)
    case .look(let daemon):
      state[daemon].glimpse = book.lacks(.restoreAfterClaim) ? state.row.written.identities : state.row.next
    case .fail(let daemon): fail(daemon)
    case .failAfter(let daemon):
      execute(daemon)
      fail(daemon)
    case .cut(let daemon): loseConnection(daemon)
    case .cutAfter(let daemon):
      execute(daemon)
      loseConnection(daemon)
    case .cutLate(let daemon):
      goLate(daemon, origin: daemon)
      loseConnection(daemon)
    case .tear(let daemon):
      state.row.written.add(state[daemon].sealed.counts)
      loseConnection(daemon)
    case .crash(let daemon): crash(daemon)
    case .crashLate(let daemon):
      goLate(daemon, origin: nil)
      crash(daemon)
    case .arrive(let place): arrive(place)
    }
  }

  /// A fact goes to the machine, and what it asks for is done.
  mutating func tell(_ daemon: Int, _ cause: Cause) {
    let move = book.atlas.move(state[daemon].round, cause)
    state[daemon].round = move.next
    for action in move.actions { carryOut(action, daemon) }
  }

  private mutating func carryOut(_ action: PartitionRound.Action, _ daemon: Int) {
    switch action {
    case .claim:
      state[daemon].request = .claim
      state[daemon].glimpse = Member.nothingSeen
    case .askLog: tell(daemon, .logged)
    case .begin: state[daemon].request = .begin
    case .restore: restore(daemon)
    case .read(let offset):
      state[daemon].isReading = true
      state[daemon].expected = book.lacks(.readFromCursor) ? state.row.hint : UInt8(offset)
    case .stopReading: state[daemon].isPaused = true
    case .resumeReading: state[daemon].isPaused = false
    case .seal: seal(daemon)
    case .commit:
      state[daemon].request = .commit
      if book.lacks(.sealNeverChanges) { reseal(daemon) }
    case .resolve: state[daemon].request = .resolve
    case .wake:
      if book.lacks(.wakeAfterFailure), state[daemon].sealed.number > 0 { return }
      state[daemon].wakes += 1
    case .drop: drop(daemon)
    case .release:
      state[daemon].leave(keepsTally: book.lacks(.tallyEndsWithStay))
      disown(daemon)
    case .load, .apply, .touch, .halt, .recordHalt, .fetchHeld: preconditionFailure("'\(action)' has no cause here")
    }
  }

  private mutating func lose(_ daemon: Int) {
    guard book.lacks(.lostDropsAtOnce) else { return tell(daemon, .lost) }
    guard state[daemon].standing != .told else { return }
    state[daemon].standing = .told
    tell(daemon, .revoked)
  }

  /// A tally begins at the machine's cursor; the identities come with the answer.
  private mutating func restore(_ daemon: Int) {
    state[daemon].request = .restore
    if book.lacks(.tallyEndsWithStay), state[daemon].hasTally { return }
    let cursor = UInt8(book.atlas.cursor(state[daemon].round))
    state[daemon].hasTally = true
    state[daemon].memory = 0
    state[daemon].number = 0
    state[daemon].pending = Counts(from: cursor, to: cursor)
  }

  private mutating func fetch(_ daemon: Int, _ from: UInt8, _ to: UInt8) {
    state[daemon].batchFrom = from
    state[daemon].batchTo = to
    state[daemon].expected = to
  }

  private mutating func receive(_ daemon: Int) {
    var member = state[daemon]
    let isStale = member.isBatchStale && !book.lacks(.deliveriesOfEarlierStays)
    let isDropped = !member.hasTally || !member.hasStay || isStale
    if !isDropped {
      for record in member.batchFrom..<member.batchTo {
        member.pending.count(record, of: book.scope.events[Int(record)], remembered: member.memory)
        member.memory |= member.pending.identities
      }
      member.pending.to = member.batchTo
    }
    member.forgetBatch()
    state[daemon] = member
    guard !isDropped else { return }
    let sendsAhead = book.lacks(.oneUnresolvedFlush) && member.sealed.number > 0 && hasLateRoom
    if sendsAhead { sendAhead(daemon) } else { tell(daemon, .counted(max(1, member.pending.records))) }
  }

  // Flushes.

  private mutating func seal(_ daemon: Int) {
    state[daemon].sealed = takePending(daemon)
    if book.lacks(.hintAfterCommit) { hint(state[daemon].sealed.counts.to) }
  }

  private mutating func takePending(_ daemon: Int) -> Sealed {
    let counts = state[daemon].pending
    state[daemon].number += 1
    state[daemon].pending = Counts(from: counts.to, to: counts.to)
    return Sealed(counts: counts, number: state[daemon].number)
  }

  private mutating func reseal(_ daemon: Int) {
    let more = state[daemon].pending
    guard more.from < more.to else { return }
    state[daemon].sealed.counts.add(more)
    state[daemon].sealed.counts.to = more.to
    state[daemon].pending = Counts(from: more.to, to: more.to)
    state[daemon].hasLanded = false
    disown(daemon)
  }

  /// The next flush, on its way beside the one that is unresolved.
  private mutating func sendAhead(_ daemon: Int) {
    let ahead = takePending(daemon)
    add(LateStatement(request: .commit, holdsEpoch: state[daemon].holdsEpoch, sealed: ahead))
  }

  mutating func hint(_ offset: UInt8) {
    if state.row.next == Row.unset || offset > state.row.next { breach = .hint }
    if book.lacks(.readFromCursor) { state.row.hint = offset }
  }

  /// What the daemon no longer waits for is nobody's.
  mutating func disown(_ daemon: Int) {
    if state.late.0.origin == UInt8(daemon + 1) { state.late.0.origin = 0 }
    if state.late.1.origin == UInt8(daemon + 1) { state.late.1.origin = 0 }
  }

  /// What was asked for may still arrive.
  private mutating func drop(_ daemon: Int) {
    if state[daemon].leavesTrace, hasLateRoom {
      goLate(daemon, origin: nil, hearer: book.lacks(.answersOfEarlierStays) ? daemon : nil)
    }
    _ = close(daemon)
  }
}
