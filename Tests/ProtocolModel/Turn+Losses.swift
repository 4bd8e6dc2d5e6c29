/// Where answers, statements and processes get lost.
extension Turn {
  var hasLateRoom: Bool { state.lateCount < book.scope.lateMax }

  mutating func add(_ late: LateStatement) {
    if state.late.0.request == .none { state.late.0 = late } else { state.late.1 = late }
  }

  /// What the daemon asked for leaves for the server without anybody who waits for the answer; `origin` waits for its effect, and
  /// `hearer` will hear the answer to a flush all the same.
  mutating func goLate(_ daemon: Int, origin: Int?, hearer: Int? = nil) {
    let member = state[daemon]
    var late = LateStatement(request: member.request)
    if member.request != .claim { late.holdsEpoch = member.holdsEpoch }
    if member.request == .commit {
      late.sealed = member.sealed
      late.origin = UInt8(origin.map { $0 + 1 } ?? 0)
      late.hearer = UInt8(hearer.map { $0 + 1 } ?? 0)
    }
    add(late)
  }

  /// The daemon waits for nothing any more. Says what it had waited for.
  mutating func close(_ daemon: Int) -> Request {
    let request = state[daemon].request
    state[daemon].request = .none
    state[daemon].answer = .none
    state[daemon].answerValue = 0
    return request
  }

  /// The server answers with an error.
  mutating func fail(_ daemon: Int) {
    switch close(daemon) {
    case .commit: tell(daemon, .retriable)
    case .resolve: tell(daemon, .unknown)
    default: tell(daemon, .failed)
    }
  }

  /// The daemon finds its connection gone.
  mutating func loseConnection(_ daemon: Int) {
    switch close(daemon) {
    case .commit: doubt(daemon)
    case .resolve: tell(daemon, .unknown)
    default: tell(daemon, .failed)
    }
  }

  private mutating func doubt(_ daemon: Int) {
    if book.lacks(.doubtIsNotSuccess) {
      acknowledge(daemon)
    } else if book.lacks(.doubtIsNotFailure) {
      state[daemon].number += 1
      state[daemon].sealed.number = state[daemon].number
      state[daemon].hasLanded = false
      disown(daemon)
      tell(daemon, .retriable)
    } else {
      tell(daemon, book.lacks(.questionInDoubt) ? .retriable : .unknown)
    }
  }

  mutating func crash(_ daemon: Int) {
    if state.group.holder == daemon { state.group = .nobody }
    state[daemon] = Member()
    disown(daemon)
  }

  /// A late statement reaches the server, which does not know that it is late.
  mutating func arrive(_ place: Int) {
    let late = place == 0 ? state.late.0 : state.late.1
    if place == 0 { state.late.0 = LateStatement() } else { state.late.1 = LateStatement() }
    switch late.request {
    case .claim: claim(by: nil)
    case .begin: _ = begin(holdsEpoch: late.holdsEpoch)
    case .commit:
      let isIn = apply(late.sealed, holdsEpoch: late.holdsEpoch, origin: late.origin == 0 ? nil : Int(late.origin) - 1)
      let hearer = Int(late.hearer) - 1
      guard hearer >= 0, state[hearer].hasStay else { return }
      if !isIn, state[hearer].holdsEpoch { breach = .rival }
      if isIn { acknowledge(hearer) } else { refuse(hearer) }
    case .none, .restore, .resolve: preconditionFailure("'\(late.request)' leaves no trace")
    }
  }
}
