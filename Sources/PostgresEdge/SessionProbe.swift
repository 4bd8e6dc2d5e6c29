import MeterModel

/// Whether a session keeps what it is told from one message to the next, which a pooler in transaction mode does not let it.
///
/// Three sessions each set a value of their own and read it back, together and in turn, so that a pooler that hands a server session to
/// whoever asks next has every cause to mix them up. It gives up a pooler that mixes only now and then under a load that three
/// sessions do not make.
enum SessionProbe {
  private static let rounds = 4
  private static let timeoutMs = 10_000

  /// Of a transaction-mode pooler, true is as good as impossible: all of the sessions, in each round, would have to meet their own again.
  static func lasts(_ target: String, name: String) throws(PostgresError) -> Bool {
    let guests = [
      try Guest(target, name, number: 1), try Guest(target, name, number: 2), try Guest(target, name, number: 3),
    ]
    for round in 0..<rounds {
      if round % 2 == 0 {
        for guest in guests { try guest.set() }
        for guest in guests { try guest.hear() }
      } else {
        for guest in guests {
          try guest.set()
          try guest.hear()
        }
      }
      // Whoever was served last is asked first, and each is asked twice.
      for guest in guests.reversed() + guests where try !guest.isItself() { return false }
      if Set(guests.map(\.backend)).count < guests.count { return false }
    }
    return true
  }

  /// One of the sessions.
  private final class Guest {
    private let connection: Connection
    private let number: Int
    private var token = ""
    private(set) var backend: Int64 = -1

    init(_ target: String, _ name: String, number: Int) throws(PostgresError) {
      connection = try Connection(target, name: name)
      self.number = number
    }

    func set() throws(PostgresError) {
      token = "\(number)/\(UInt64.random(in: .min ... .max))"
      // The nap keeps the server's session busy, so that the next one that is asked meanwhile gets another.
      try connection.begin(
        "select set_config('meterd.session', $1, false), pg_backend_pid(), pg_sleep(0.01)", [.text(token)],
        timeoutMs: timeoutMs)
    }

    func hear() throws(PostgresError) {
      do throws(PostgresError) {
        let seen = try connection.finish(timeoutMs: timeoutMs).integer(0, 1) ?? -1
        // It is never another one; where it is, the token is not found again either.
        backend = seen
      } catch {
        guard case .lost = error else { throw error }
        throw .unreachable(
          "session \(number) of 3 at once got no answer (\(timeoutMs) ms); meterd needs postgres.connections + 7")
      }
    }

    func isItself() throws(PostgresError) -> Bool {
      let rows = try connection.execute(
        "select current_setting('meterd.session', true), pg_backend_pid()", timeoutMs: timeoutMs)
      return rows.text(0, 0) == token && rows.integer(0, 1) == backend
    }
  }
}
