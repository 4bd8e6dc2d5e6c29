/// Tells what happens in words. The daemons are called A and B throughout, although the search lets them change places.
struct Narrator {
  private let book: Rulebook
  private var names = ["A", "B"]

  init(_ book: Rulebook) { self.book = book }

  mutating func swapNames() { names.swapAt(0, 1) }

  func words(_ step: Step, _ before: State, _ after: State) -> String {
    switch step {
    case .assign(let daemon): return "\(names[daemon]) is assigned"
    case .dismiss(let daemon): return "the group takes the partition from \(names[daemon])"
    case .regroup: return "the group rebalances"
    case .revoke(let daemon): return "\(names[daemon]) hears of it" + sequel(daemon, before, after)
    case .lose(let daemon): return "\(names[daemon]) loses the partition" + sequel(daemon, before, after)
    case .deliver(let daemon, let from, let to):
      return "\(names[daemon]) counts \(range(from, to))" + sequel(daemon, before, after)
    case .fetch(let daemon, let from, let to): return "\(names[daemon]) fetches \(range(from, to))"
    case .receive(let daemon):
      let member = before[daemon]
      let last = member.isBatchStale ? " of its last stay" : ""
      return "\(names[daemon]) counts \(range(member.batchFrom, member.batchTo))\(last)"
        + sequel(daemon, before, after)
    case .tick(let daemon): return "time passes at \(names[daemon])" + sequel(daemon, before, after)
    case .serve(let daemon): return served(daemon, before, after) + sequel(daemon, before, after)
    case .execute(let daemon): return "the server does \(request(daemon, before))"
    case .hear(let daemon): return "\(names[daemon]) hears the answer" + sequel(daemon, before, after)
    case .look(let daemon): return "\(names[daemon]) does the SELECT of its claim"
    case .fail(let daemon): return "\(request(daemon, before)) fails" + sequel(daemon, before, after)
    case .failAfter(let daemon):
      return "\(request(daemon, before)) is done and answered with an error" + sequel(daemon, before, after)
    case .cut(let daemon):
      let what = before[daemon].answer == .none ? request(daemon, before) : "the answer"
      return "\(what) is lost on its way" + sequel(daemon, before, after)
    case .cutAfter(let daemon):
      return "\(request(daemon, before)) is done, the answer lost" + sequel(daemon, before, after)
    case .cutLate(let daemon):
      return "the connection breaks, \(request(daemon, before)) still on its way" + sequel(daemon, before, after)
    case .tear(let daemon): return "the server stops in the middle of \(request(daemon, before))"
    case .crash(let daemon): return "\(names[daemon]) dies"
    case .crashLate(let daemon): return "\(names[daemon]) dies, \(request(daemon, before)) still on its way"
    case .arrive(let place): return "the late \(words(place == 0 ? before.late.0 : before.late.1)) arrives"
    }
  }

  private func range(_ from: UInt8, _ to: UInt8) -> String { "[\(from),\(to))" }

  private func words(_ late: LateStatement) -> String {
    late.request == .commit ? words(late.sealed) : "\(late.request)"
  }

  private func words(_ sealed: Sealed) -> String {
    "flush \(sealed.number) \(range(sealed.counts.from, sealed.counts.to))"
  }

  private func request(_ daemon: Int, _ state: State) -> String {
    let member = state[daemon]
    switch member.request {
    case .commit: return "\(names[daemon])'s \(words(member.sealed))"
    case .resolve: return "\(names[daemon])'s question for \(words(member.sealed))"
    default: return "\(names[daemon])'s \(member.request)"
    }
  }

  private func served(_ daemon: Int, _ before: State, _ after: State) -> String {
    let old = before[daemon]
    var turn = Turn(before, book)
    turn.execute(daemon)
    let answer = turn.state[daemon].answer
    switch old.request {
    case .claim, .begin, .restore: return "\(names[daemon]) \(old.request)s" + (answer == .refused ? ": refused" : "")
    case .commit:
      let isIn = turn.state[daemon].hasLanded
      let words = answer == .refused ? "refused" : isIn ? "committed" : "answered with committed"
      return "\(request(daemon, before)) is \(words)"
    case .resolve: return "\(names[daemon]) asks for \(words(old.sealed)): \(answer)"
    case .none: preconditionFailure("nothing was asked")
    }
  }

  /// What the daemon does upon it.
  private func sequel(_ daemon: Int, _ before: State, _ after: State) -> String {
    let (old, new) = (before[daemon], after[daemon])
    if old.hasStay, !new.hasStay { return ", \(names[daemon]) lets go" }
    var words = ""
    if !old.isReading, new.isReading { words += ", reads from \(new.expected)" }
    if new.sealed.number > 0, new.sealed.number != old.sealed.number { words += ", seals \(self.words(new.sealed))" }
    return words
  }
}
