import Foundation
import TestStack
import Testing

@testable import Chaos

/// The stand itself in a small size: what it does for hours elsewhere, and that it would notice.
@Suite(.serialized) struct ChaosTests {
  @Test func `a round of every fault ends in the tables that the recount has`() throws {
    let kinds = FaultKind.allCases.filter { $0.hindrance == nil }
    let words = ["--events", "12000", "--seconds", "10", "--faults", "12", "--daemons", "2..3"]
    // A plan in which each kind comes and the slow ones come once.
    let seed = try #require(
      (1...5_000).first { seed in
        guard let options = ChaosOptions(words + ["--seed", "\(seed)"]) else { return false }
        let planned = RoundPlan(options, round: 1).steps.map(\.kind)
        return Set(planned) == Set(kinds) && planned.count { $0.hand == .group } == 3
      })
    let summary = try Self.run(words + ["--seed", "\(seed)"])
    #expect(summary.total.differences == 0)
    #expect(summary.total.rows > 1_000 && summary.total.events > 12_000)
    for kind in kinds { #expect(summary.total.injected[kind.rawValue, default: 0] > 0, "\(kind)") }
    print(summary.text)
  }

  /// The canary: without the guard of epoch and cursor what arrives too late counts again, or the test above proves nothing.
  @Test func `with the guard of epoch and cursor removed the stand finds differences`() throws {
    let summary = try Self.run(
      [
        "--events", "12000", "--seconds", "9", "--faults", "3", "--fault", "kill,stop", "--daemons", "2..2", "--seed",
        "1",
      ],
      spoiling: Self.removeGuard, isSound: false)
    #expect(summary.total.differences > 0)
  }

  private static func run(
    _ words: [String], spoiling: (@Sendable (Database) throws -> Void)? = nil, isSound: Bool = true
  ) throws -> Summary {
    let options = try #require(ChaosOptions(words))
    var said: [String] = []
    let summary = try Sitting(options, evidence: nil, spoiling: spoiling) { said.append($0) }.run()
    #expect(summary.isSound == isSound, "\(said.joined(separator: "\n"))")
    return summary
  }

  /// The keys of journal and quarantine go too: they would refuse most stale flushes by themselves.
  @Sendable private static func removeGuard(_ database: Database) throws {
    let source = try database.scalar("select pg_get_functiondef('meterd.apply'::regproc)") ?? ""
    let open = source.replacingOccurrences(of: "held.epoch is distinct from p_epoch", with: "false")
      .replacingOccurrences(of: "held.next_offset is distinct from p_from", with: "false")
    #expect(open != source)
    try database.execute(open)
    try database.execute("alter table meterd.journal drop constraint journal_pkey")
    try database.execute("alter table meterd.quarantined drop constraint quarantined_partition_offset_place_key")
  }
}
