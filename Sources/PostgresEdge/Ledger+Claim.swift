import MeterModel

/// Taking a partition over, also from an owner that has stopped in the middle of something.
extension Ledger {
  /// A flush that nothing is in the way of is through by then. Whoever has the partition now has lost it in the group.
  private static let patienceMs = 1_500
  /// A claim that the server still waits with when nobody waits for it any more would take the partition from its rightful owner one
  /// day. The next attempt comes soon enough, and others have the connection in between.
  private static let lockTimeout = "4s"

  /// Takes a partition over: from here on every older epoch is refused. One statement each, so that the offset read is never one
  /// that a commit under way is about to move.
  public func claim(_ log: TopicPartition, lane: Int, then: @escaping @Sendable (Result<Claim, PostgresError>) -> Void)
  {
    pool.submit(lane: lane) { [owner, pool] connection throws(PostgresError) in
      var blockers: [ClaimBlocker] = []
      var ended: [String] = []
      let claimant = connection.backend
      let impatience = Connection.Impatience(ms: Self.patienceMs) {
        // Without an answer to this the claim waits as it would have.
        guard let found = try? ClaimBlocker.end(before: claimant, of: log, on: pool) else { return }
        blockers = found
        ended += found.filter { $0.outcome == .ended }.map(\.words)
      }
      do throws(PostgresError) {
        try connection.script("set lock_timeout = '\(Self.lockTimeout)'")
        var claim = try Self.claim(log, owner, connection, impatience)
        try connection.script("reset lock_timeout")
        claim.ended = ended
        return claim
      } catch {
        guard case .refused(let state, _) = error else { throw error }
        try connection.script("reset lock_timeout")
        guard state == "55P03" else { throw error }
        let holders =
          blockers.isEmpty ? "by a session that is gone now" : "by \(blockers.map(\.words).joined(separator: ", "))"
        throw .refused(state: state, message: "the partition's row is held \(holders); it is waited for")
      }
    } then: {
      then($0)
    }
  }

  private static func claim(
    _ log: TopicPartition, _ owner: String, _ connection: borrowing Connection, _ impatience: Connection.Impatience
  ) throws(PostgresError) -> Claim {
    let names: [Parameter] = [.text(log.topic), .int4(log.partition)]
    _ = try connection.execute(
      "insert into meterd.partition (topic, number) values ($1, $2) on conflict do nothing", names)
    let rows = try connection.execute(
      """
      update meterd.partition set epoch = epoch + 1, owner = $3, last_flush = 0 where topic = $1 and number = $2
      returning id, epoch, next_offset, high_water, halted, extract(epoch from newest_window)::bigint
      """, names + [.text(owner)], impatience: impatience)
    guard rows.count == 1, let id = rows.integer(0, 0), let epoch = rows.integer(0, 1), let high = rows.integer(0, 3)
    else { throw .refused(state: "P0002", message: "the partition's row is gone") }
    return Claim(
      partition: PartitionNumber(Int32(id)), epoch: Epoch(epoch), next: rows.integer(0, 2), highWaterMs: high,
      newestWindowSeconds: rows.integer(0, 5), halted: rows.text(0, 4))
  }
}

/// A session that a claim waits for.
struct ClaimBlocker {
  enum Outcome: String {
    /// It was an earlier owner's.
    case ended
    case gone
    case leftAlone = "left alone"
    /// An earlier owner's, under a role that neither the schema's owner nor we may end.
    case notPermitted = "not permitted"
  }

  var pid: Int64
  var name: String
  var role: String
  var doing: String
  var outcome: Outcome

  /// For the log and for readiness; a name is what its client says of itself.
  var words: String {
    let title = pid == 0 ? "a prepared transaction" : "pid \(pid) ('\(name)', role '\(role)', \(doing))"
    return outcome == .notPermitted ? "\(title), which may not be ended: grant pg_signal_backend" : title
  }

  /// Has the server end what is an earlier owner's among the sessions that the claim waits for, on a connection of its own, and
  /// says what all of them are.
  static func end(
    before claimant: Int32, of log: TopicPartition, on pool: Pool
  ) throws(PostgresError) -> [ClaimBlocker] {
    let connection = try Session.open(pool.target, name: pool.name)
    // The function has the rights of the schema's owner, who may have none on the daemons' role; we may always end our own.
    let rows = try connection.execute(
      """
      select b.pid, b.name, b.role, b.doing, case
          when b.outcome <> 'not permitted' or b.role <> session_user then b.outcome
          when pg_terminate_backend(b.pid) then 'ended' else 'gone' end
      from meterd.end_blockers($1, $2, $3) as b
      """, [.text(log.topic), .int4(log.partition), .int4(claimant)], timeoutMs: 2_000)
    return (0..<rows.count).map { row in
      ClaimBlocker(
        pid: rows.integer(row, 0) ?? 0, name: rows.text(row, 1) ?? "", role: rows.text(row, 2) ?? "",
        doing: rows.text(row, 3) ?? "", outcome: rows.text(row, 4).flatMap(Outcome.init) ?? .leftAlone)
    }
  }
}
