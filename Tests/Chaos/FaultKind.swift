/// What the stand does to a running system. The raw values are the words of `--fault`.
public enum FaultKind: String, Sendable, CaseIterable {
  /// SIGKILL of a daemon, and another start.
  case kill
  /// SIGSTOP for longer than the group waits, so that others take over and flush, and then SIGCONT.
  case stop
  /// Something happens to the bytes between a daemon and PostgreSQL or Kafka.
  case cut
  /// PostgreSQL ends at once, as at a crash, and is started again.
  case pgcrash
  /// PostgreSQL ends sessions of the daemons.
  case pgterm
  /// A daemon joins the group, or leaves it.
  case rebalance
  /// Another session holds tables or rows for seconds.
  case lock
  /// The disk of the tables or that of the write-ahead log is full for a while.
  case diskfull
  /// The wall clock of a running daemon steps.
  case clock

  /// Faults of one hand follow each other; hands know nothing of one another.
  enum Hand: CaseIterable {
    case group, server, wire
  }

  var hand: Hand {
    switch self {
    case .kill, .stop, .rebalance: .group
    case .pgcrash, .pgterm, .lock, .diskfull: .server
    case .cut, .clock: .wire
    }
  }

  /// How often it comes in a round beside the others. A stop takes longest, a cut is over soonest.
  var weight: Int {
    switch self {
    case .kill, .stop, .rebalance, .pgcrash, .lock, .diskfull: 2
    case .pgterm: 3
    case .clock: 4
    case .cut: 8
    }
  }

  /// What this process cannot do, and why.
  var hindrance: String? {
    self == .diskfull && !SmallDisk.isPossible ? "a small disk can be mounted by root only" : nil
  }
}
