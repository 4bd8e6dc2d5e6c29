import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// A claim that somebody's session stands in the way of: an earlier owner's is ended, nobody else's.
@Suite(.serialized) struct ClaimBlockerTests {
  private static let cluster = Result {
    let cluster = try PostgresCluster("blockers")
    try cluster.start()
    return cluster
  }

  private static let log = TopicPartition(topic: "t", partition: 0)
  private static let hold = "begin; select 1 from meterd.partition where topic = 't' and number = 0 for update"

  /// A claimed partition, and a successor that comes as another daemon would.
  private struct Stand {
    let bench: LedgerBench
    let old: Ledger.Claim
    let name = SessionName.fresh(of: "new/2")
    let role: String?
    let successor: Ledger

    init(as role: String? = nil) throws {
      bench = try LedgerBench(on: cluster.get())
      old = try bench.claim(log)
      _ = try bench.begin(old)
      #expect(bench.commit(.sample(old)) == .committed)
      self.role = role
      if let role {
        try bench.database.execute("create role \(role) login in role meterd_writer")
      }
      successor = Ledger(
        pool: Pool(target: Self.url(bench, role), connections: 1, name: name), owner: "new", uniqueMax: 1,
        dedupeWindow: .hours(24))
    }

    private static func url(_ bench: LedgerBench, _ role: String?) -> String {
      role.map { bench.url.replacingOccurrences(of: "postgres@", with: "\($0)@") } ?? bench.url
    }

    func holder(_ name: String, as role: String? = nil, _ sql: String = hold) throws -> Holder {
      try Holder(Self.url(bench, role ?? self.role), name, sql)
    }

    /// The successor's session, which waits for the partition's row.
    func waitingClaimant() throws -> Connection {
      let claimant = try Session.open(bench.url, name: name)
      try claimant.begin(
        "update meterd.partition set epoch = epoch + 1 where topic = 't' and number = 0", [], timeoutMs: 1_000)
      try bench.database.waitFor(
        "select wait_event_type from pg_stat_activity where pid = \(claimant.backend)", toBe: "Lock")
      return claimant
    }

    /// What became of the sessions that the claimant waits for, when somebody of that name asks to have them ended.
    func ask(_ asking: String, _ number: Int, for claimant: Int32) throws -> [String?] {
      let session = try Session.open(bench.url, name: asking)
      let rows = try session.execute("select outcome from meterd.end_blockers('t', \(number), \(claimant))")
      return (0..<rows.count).map { rows.text($0, 0) }
    }

    func claim() -> Result<Ledger.Claim, PostgresError> {
      Awaited.answer { then in successor.claim(log, lane: 0) { then($0) } }
    }
  }

  /// Somebody's session, which holds something in an open transaction.
  private final class Holder {
    private let connection: Connection

    init(_ url: String, _ name: String, _ sql: String = hold) throws(PostgresError) {
      connection = try Connection(url, name: name)
      try connection.script(sql)
    }

    var isAlive: Bool { (try? connection.execute("select 1").count) == 1 }

    func letGo() throws(PostgresError) { try connection.script("rollback") }
  }

  @Test func `a session of an earlier owner that holds the partition is ended, and the claim goes through in seconds`()
    throws
  {
    let stand = try Stand()
    let zombie = try stand.holder(SessionName.fresh(of: "old/1"))
    let begun = ContinuousClock.now
    let claim = try stand.claim().get()
    #expect(begun.duration(to: .now) < .promised(.seconds(5)))
    #expect(claim.epoch.number == stand.old.epoch.number + 1)
    #expect(claim.next == 10)
    #expect(claim.ended.count == 1)
    #expect(claim.ended.first?.contains("old/1") == true, "\(claim.ended)")
    #expect(!zombie.isAlive)
    #expect(
      try stand.bench.database.query("select actor, action, subject, detail->>'session_role' from meterd.audit")
        == [["new/2", "session.end", "t[0]", "postgres"]])
    #expect(try Books.verify(stand.bench.url).differences.isEmpty)
  }

  @Test func `the same holds for plain roles: the daemons' own, and that of another daemon`() throws {
    let role = "daemon_\(UUID().uuidString.prefix(8).lowercased())"
    let stand = try Stand(as: role)
    let zombie = try stand.holder(SessionName.fresh(of: "old/1"))
    #expect(try stand.claim().get().ended.count == 1)
    #expect(!zombie.isAlive)
    let other = "other_\(UUID().uuidString.prefix(8).lowercased())"
    try stand.bench.database.execute("create role \(other) login in role meterd_writer")
    let second = try stand.holder(SessionName.fresh(of: "old/2"), as: other)
    #expect(try stand.claim().get().ended.count == 1)
    #expect(!second.isAlive)
  }

  /// The function has the rights of the schema's owner. One who is no superuser has none on the daemons.
  @Test func `it holds where the schema belongs to a plain role, for daemons of one role`() throws {
    let suffix = UUID().uuidString.prefix(8).lowercased()
    let admin = try Database(try Self.cluster.get().createDatabase("owned"))
    let name = admin.url.split(separator: "/").last ?? ""
    for role in ["meterd_reader", "meterd_tenant", "meterd_writer"] {
      _ = try? admin.execute("create role \(role)")
    }
    try admin.execute("create role owner_\(suffix) login; create role daemon_\(suffix) login")
    try admin.execute("alter database \"\(name)\" owner to owner_\(suffix)")
    func url(_ role: String) -> String { admin.url.replacingOccurrences(of: "postgres@", with: "\(role)_\(suffix)@") }
    _ = try Schema.migrate(url("owner"))
    try admin.execute("grant meterd_writer to daemon_\(suffix)")
    func ledger(_ owner: String) -> Ledger {
      Ledger(
        pool: Pool(target: url("daemon"), connections: 1, name: SessionName.fresh(of: owner)), owner: owner,
        uniqueMax: 1, dedupeWindow: .hours(24))
    }
    let old = ledger("old")
    _ = try Awaited.answer { then in old.claim(Self.log, lane: 0) { then($0) } }.get()
    let zombie = try Holder(url("daemon"), SessionName.fresh(of: "old"))
    let new = ledger("new")
    let claim = try Awaited.answer { then in new.claim(Self.log, lane: 0) { then($0) } }.get()
    #expect(claim.ended.count == 1)
    #expect(!zombie.isAlive)
    // Of another role neither may: it is waited for, and said what would help.
    try admin.execute("create role other_\(suffix) login in role meterd_writer")
    let other = try Holder(url("other"), SessionName.fresh(of: "old"))
    guard
      case .failure(.refused("55P03", let why)) = Awaited.answer({ then in new.claim(Self.log, lane: 0) { then($0) } })
    else {
      Issue.record("nobody may end it")
      return
    }
    #expect(why.contains("grant pg_signal_backend"), "\(why)")
    #expect(other.isAlive)
  }

  @Test func `an operator's transaction is waited for, and it is said whose it is`() throws {
    let stand = try Stand()
    let psql = try stand.holder("psql")
    guard case .failure(.refused("55P03", let why)) = stand.claim() else {
      Issue.record("an operator holds the partition")
      return
    }
    #expect(why.contains("'psql', role 'postgres', idle in transaction for "), "\(why)")
    #expect(psql.isAlive)
    #expect(try stand.bench.database.scalar("select count(*) from meterd.audit") == "0")
    try psql.letGo()
    #expect(try stand.claim().get().ended == [])
    // The session is as it was: what the claim set for itself is gone.
    #expect(
      try Awaited.answer { then in
        stand.successor.pool.submit(lane: 0) { connection throws(PostgresError) in
          try connection.execute("show lock_timeout").text(0, 0)
        } then: {
          then($0)
        }
      }.get() == "0")
  }

  @Test func `nobody but another daemon's counting session is ended`() throws {
    let stand = try Stand()
    let suffix = UUID().uuidString.prefix(8).lowercased()
    try stand.bench.database.execute(
      "create role clerk_\(suffix) login; grant usage on schema meterd to clerk_\(suffix)")
    try stand.bench.database.execute("grant select, update on meterd.partition to clerk_\(suffix)")
    let token = stand.name.prefix(15)
    let others: [(name: String, role: String?)] = [
      ("meterd", nil), ("meterd watch", nil), ("meterd upkeep", nil), ("meterd migrate", nil), ("", nil), ("psql", nil),
      ("meterd 123", nil), ("Meterd 0123abcd x", nil), ("meterd 0123abcd", nil),
      // Its own process.
      ("\(token) new/2", nil), ("\(token) another name", nil),
      // A name is not enough: who may not apply a flush is no daemon.
      (SessionName.fresh(of: "old/1"), "clerk_\(suffix)"),
    ]
    for (name, role) in others {
      let holder = try stand.holder(name, as: role)
      let claimant = try stand.waitingClaimant()
      #expect(try stand.ask(stand.name, 0, for: claimant.backend) == ["left alone"], "'\(name)'")
      #expect(holder.isAlive, "'\(name)' was ended")
      try holder.letGo()
      #expect(try claimant.finish(timeoutMs: 10_000).tag == "UPDATE 1")
    }
  }

  @Test func `only what holds the row of the claim is ended, and only for the claimant itself`() throws {
    let stand = try Stand()
    let other = TopicPartition(topic: "t", partition: 1)
    _ = try Awaited.answer { then in stand.bench.ledger.claim(other, lane: 0) { then($0) } }.get()
    // A table lock of an earlier owner is none of a flush's.
    let table = try stand.holder(
      SessionName.fresh(of: "old/1"), "begin; lock table meterd.partition in access exclusive mode")
    guard case .failure(.refused("55P03", _)) = stand.claim() else {
      Issue.record("the table is locked")
      return
    }
    #expect(table.isAlive)
    try table.letGo()

    // A claim that waits, and others who ask to have its way cleared.
    let zombie = try stand.holder(SessionName.fresh(of: "old/1"))
    let claimant = try stand.waitingClaimant()
    func ask(_ name: String, _ number: Int) throws -> [String?] {
      try stand.ask(name, number, for: claimant.backend)
    }
    #expect(try ask("psql", 0) == [])
    #expect(try ask(SessionName.fresh(of: "new/2"), 0) == [])
    #expect(try ask(stand.name, 1) == ["left alone"])
    #expect(zombie.isAlive)
    #expect(try ask(stand.name, 0) == ["ended"])
    #expect(try claimant.finish(timeoutMs: 10_000).tag == "UPDATE 1")
    #expect(!zombie.isAlive)
  }

  @Test
  func `an earlier owner that itself waits in line before the claim is ended too, and whoever it waited for is not`()
    throws
  {
    let stand = try Stand()
    let psql = try stand.holder("psql")
    let zombie = try Session.open(stand.bench.url, name: SessionName.fresh(of: "old/1"))
    try zombie.begin(
      "update meterd.partition set epoch = epoch + 1 where topic = 't' and number = 0", [], timeoutMs: 1_000)
    try stand.bench.database.waitFor(
      "select wait_event_type from pg_stat_activity where pid = \(zombie.backend)", toBe: "Lock")
    guard case .failure(.refused("55P03", let why)) = stand.claim() else {
      Issue.record("an operator holds the partition")
      return
    }
    #expect(why.contains("'psql'"), "\(why)")
    #expect(psql.isAlive)
    do throws(PostgresError) {
      _ = try zombie.finish(timeoutMs: 10_000)
      Issue.record("it was not ended")
    } catch {
      guard case .lost = error else {
        Issue.record("\(error)")
        return
      }
    }
    // It took no epoch.
    try psql.letGo()
    #expect(try stand.claim().get().epoch.number == stand.old.epoch.number + 1)
  }
}
