/// One thing that happens, to one daemon (0 or 1) or one late statement (0 or 1).
enum Step {
  /// The group gives the partition to a daemon that has no stay.
  case assign(Int)
  /// The group takes it back: a rebalance, or a session that ran out. The daemon does not know yet.
  case dismiss(Int)
  /// The group rebalances because its holder has let go.
  case regroup(Int)
  /// The daemon hears that the partition goes, and drains.
  case revoke(Int)
  /// The daemon hears that it is gone, or the time to drain is over.
  case lose(Int)

  case deliver(Int, from: UInt8, to: UInt8)
  /// The two halves of it.
  case fetch(Int, from: UInt8, to: UInt8)
  case receive(Int)
  case tick(Int)

  /// The server does what the daemon asked for, and the daemon hears of it.
  case serve(Int)
  /// The two halves of it.
  case execute(Int)
  case hear(Int)
  /// The first half of a claim that has two.
  case look(Int)

  /// A certain failure: nothing was done.
  case fail(Int)
  /// It was done, and answered with an error.
  case failAfter(Int)
  /// The connection breaks. If the statement had not arrived it never will.
  case cut(Int)
  /// It was done, and the answer is lost with the connection.
  case cutAfter(Int)
  /// The connection breaks and the statement arrives some time.
  case cutLate(Int)
  /// A server that writes a flush in pieces stops after the first.
  case tear(Int)
  /// The process dies. If what it asked for had not arrived it never will.
  case crash(Int)
  /// The process dies; what it asked for arrives some time.
  case crashLate(Int)
  /// A late statement reaches the server.
  case arrive(Int)

  /// Faults may happen, and need not: what must come to pass comes to pass without them.
  var isFault: Bool {
    switch self {
    case .assign, .regroup, .revoke, .lose, .deliver, .fetch, .receive, .tick, .serve, .execute, .hear, .look: false
    case .dismiss, .fail, .failAfter, .cut, .cutAfter, .cutLate, .tear, .crash, .crashLate, .arrive: true
    }
  }

  var isRegroup: Bool { if case .regroup = self { true } else { false } }
}
