import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// The book of what operators decided, and the one order that they can give about a halt.
@Suite struct AuditTests {
  /// Entries whose hash is not what their content and their predecessor make it, or that are missing at the end.
  private static let breaks = """
    select count(*) from (
      select hash is distinct from meterd.audit_hash(seq, at, actor, action, subject, detail, prev_hash)
        or prev_hash is distinct from coalesce(lag(hash) over (order by seq), ''::bytea)
        or seq <> row_number() over (order by seq) as broken
      from meterd.audit
      union all
      select (h.seq, h.hash) is distinct from (coalesce(max(e.seq), 0), coalesce((array_agg(e.hash order by e.seq desc))[1], ''::bytea))
      from meterd.audit_head h left join meterd.audit_entry e on true group by h.seq, h.hash
    ) as entries where broken
    """

  @Test func `entries of many sessions at once make one chain in the order of their commits`() throws {
    let bench = try LedgerBench()
    let group = DispatchGroup()
    for writer in 0..<8 {
      let database = try Database(bench.database.url)
      DispatchQueue.global().async(group: group) {
        for number in 0..<25 {
          // Some of them are given up, and leave no gap.
          let end = number % 5 == 4 ? "rollback" : "commit"
          _ = try? database.execute(
            "begin; select meterd.audit_append('writer \(writer)', 'test', 'n \(number)', '{\"b\": 1, \"a\": [\(number)]}'); \(end)"
          )
        }
      }
    }
    group.wait()
    #expect(try bench.database.scalar("select count(*) from meterd.audit") == "160")
    #expect(try bench.database.scalar(Self.breaks) == "0")
    #expect(try bench.database.scalar("select bool_and(at > now() - interval '1 hour') from meterd.audit") == "t")
  }

  @Test(arguments: [
    "update meterd.audit_entry set actor = 'somebody else' where seq = 3",
    "update meterd.audit_entry set detail = '{}' where seq = 3",
    "update meterd.audit_entry set at = at + interval '1 microsecond' where seq = 3",
    "delete from meterd.audit_entry where seq = 3", "delete from meterd.audit_entry where seq = 5",
    "update meterd.audit_entry set seq = 9 where seq = 5",
  ])
  func `whatever is altered in the book shows`(_ forgery: String) throws {
    let bench = try LedgerBench()
    for number in 1...5 {
      try bench.database.execute("select meterd.audit_append('a', 'test', 'n \(number)', '{\"n\": \(number)}')")
    }
    #expect(try bench.database.scalar(Self.breaks) == "0")
    try bench.database.execute(forgery)
    #expect(try bench.database.scalar(Self.breaks) != "0")
  }

  @Test func `a role that is not the owner can neither write entries nor lift a halt`() throws {
    let bench = try LedgerBench()
    let role = "guest_\(UUID().uuidString.prefix(8).lowercased())"
    try bench.database.execute("create role \(role); grant usage on schema meterd to \(role)")
    for call in ["meterd.audit_append('a', 'b', 'c', '{}')", "meterd.lift_halt('t', 0, 1, 2, 'a')"] {
      let error = #expect(throws: StackFailure.self) {
        try bench.database.execute("begin; set local role \(role); select \(call); commit")
      }
      #expect(error?.sqlState == "42501")
      try bench.database.execute("rollback")
    }
    try bench.database.execute("revoke usage on schema meterd from \(role); drop role \(role)")
  }

  @Test func `a halt is lifted once, from where it was seen, and with it goes the epoch of whoever read before`() throws
  {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    #expect(bench.commit(.sample(claim)) == .committed)
    let log = TopicPartition(
      topic: try bench.database.scalar("select topic from meterd.progress") ?? "",
      partition: Int32(try bench.database.scalar("select partition from meterd.progress") ?? "") ?? 0)
    func order(_ offset: Int64?, seen: Int64? = 10) throws -> HaltOrder.Outcome {
      try HaltOrder(log: log, seen: seen, offset: offset, actor: "me").carryOut(bench.database.url)
    }
    #expect(try order(nil) == .notHalted)
    #expect(
      try Awaited.answer { bench.ledger.halt(claim, reason: "gone", lane: 0, then: $0) }.get() == true)
    #expect(try order(5, seen: 9) == .moved)
    #expect(try order(5, seen: nil) == .moved)
    #expect(
      try HaltOrder(log: TopicPartition(topic: "none", partition: 0), seen: 1, offset: nil, actor: "me")
        .carryOut(bench.database.url) == .unknown)
    #expect(try bench.database.scalar("select count(*) from meterd.audit") == "0")

    #expect(try order(5) == .lifted)
    #expect(try order(5, seen: 5) == .notHalted)
    // Whoever halted may neither flush nor halt any more.
    #expect(bench.commit(.sample(claim, from: 10, to: 20, number: 2)) == .refused)
    #expect(try Awaited.answer { bench.ledger.halt(claim, reason: "gone", lane: 0, then: $0) }.get() == false)
    #expect(try bench.database.scalar("select next_offset from meterd.progress where halted is null") == "5")
    // The same offsets may be flushed again: they are of another era.
    let next = try bench.claim()
    #expect(next.next == 5 && next.halted == nil)
    #expect(bench.commit(.sample(next, from: 5, to: 10, number: 1)) == .committed)
    #expect(
      try bench.database.scalar(
        "select string_agg(era || ':' || from_offset || '-' || to_offset, ' ' order by era) from meterd.journal")
        == "0:0-10 1:5-10")
    #expect(try bench.database.scalar("select detail ->> 'reason' from meterd.audit") == "gone")
  }
}
