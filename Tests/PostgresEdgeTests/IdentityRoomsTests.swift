import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

@Suite struct IdentityRoomsTests {
  private static let hour: Int64 = 3_600_000

  /// A flush of one identity of a generation, at a high water a day later than what is forgotten.
  private func flush(
    _ claim: Ledger.Claim, _ number: Int64, generationEndMs: Int64, forgetBeforeMs: Int64
  ) -> Flush {
    var flush = Flush.sample(claim, from: number * 10 - 10, to: number * 10, number: number)
    var page = IdentityPage(generationEndMs: generationEndMs, baseOffset: number, baseWindow: 0)
    let isTaken = page.append(
      .init(fingerprint: UInt64(number), offset: number, window: 0, content: 1, voided: false))
    precondition(isTaken, "an entry at the base is taken")
    flush.identities = [page]
    flush.forgetBeforeMs = forgetBeforeMs
    return flush
  }

  private func sweep(_ bench: LedgerBench) throws -> Int64 {
    let pool = Pool(target: bench.url, connections: 1, name: "sweep")
    return try Awaited.answer { then in IdentityRooms.sweep(on: pool) { then($0) } }.get()
  }

  private func sizes(_ bench: LedgerBench) throws -> Int {
    try (0..<8).reduce(0) { sum, room in
      try sum
        + (bench.database.scalar("select pg_relation_size('meterd.identity_page_\(room)')").flatMap { Int($0) } ?? 0)
    }
  }

  @Test func `what has passed goes with its room, and what is still remembered stays, also that of a quiet partition`()
    throws
  {
    let bench = try LedgerBench()
    let busy = try bench.claim()
    let quiet = try bench.claim(TopicPartition(topic: "t", partition: 1))
    #expect(try bench.begin(busy) && bench.begin(quiet))
    #expect(bench.commit(flush(quiet, 1, generationEndMs: 2 * Self.hour, forgetBeforeMs: 0)) == .committed)
    // Two days of an hour each; the window is a day.
    for hour in 1...48 as ClosedRange<Int64> {
      let forget = max(0, (hour - 24) * Self.hour)
      #expect(bench.commit(flush(busy, hour, generationEndMs: hour * Self.hour, forgetBeforeMs: forget)) == .committed)
    }
    let before = try sizes(bench)
    #expect(try bench.identities(busy, since: 24 * Self.hour).count == 25)
    #expect(try sweep(bench) == 3)
    #expect(try bench.identities(busy, since: 24 * Self.hour).count == 25)
    #expect(try bench.identities(busy).count < 48)
    #expect(try bench.identities(quiet).count == 1)
    #expect(try sizes(bench) < before)
    #expect(try sweep(bench) == 0, "nothing is left to forget")
  }

  @Test func `a room that is in use is left for the next time`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    #expect(try bench.begin(claim))
    #expect(bench.commit(flush(claim, 1, generationEndMs: Self.hour, forgetBeforeMs: 100 * Self.hour)) == .committed)
    let other = try Database(bench.url)
    try other.query("begin; select count(*) from meterd.identity_page")
    #expect(try sweep(bench) == 0)
    #expect(try bench.identities(claim).count == 1)
    try other.query("rollback")
    #expect(try sweep(bench) == 1)
    #expect(try bench.identities(claim).isEmpty)
  }
}
