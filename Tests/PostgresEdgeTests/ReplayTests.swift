import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// Replays as the tables see them: asked for, fetched, and done by one flush or by none.
@Suite struct ReplayTests {
  private struct Stand {
    let bench: LedgerBench
    let claim: Ledger.Claim
    let first: Flush
    let id: Int64

    init() throws {
      bench = try LedgerBench()
      try bench.addMeters()
      claim = try bench.claim()
      _ = try bench.begin(claim)
      first = .everything(claim)
      #expect(bench.commit(first) == .committed)
      id = try bench.quarantinedID()
    }

    func order(_ action: QuarantineOrder.Action, _ ids: [Int64]? = nil) throws -> [QuarantineOrder.Outcome] {
      try QuarantineOrder(action, ids ?? [id], actor: "me@here").carryOut(bench.url).map(\.outcome)
    }

    func held() throws -> HeldBatch {
      try Awaited.answer { then in bench.ledger.heldEvents(of: claim.partition, lane: 0) { then($0) } }.get()
    }

    func verdicts() throws -> [String?] {
      try bench.database.query("select events, counted, quarantined from meterd.accounting")[0]
    }

    func state() throws -> String? { try bench.database.scalar("select state from meterd.quarantine") }

    func differences() throws -> [Books.Difference] { try Books.verify(bench.url).differences }
  }

  @Test func `an event is fetched as it was kept: bytes, offset, timestamp, place and headers`() throws {
    let stand = try Stand()
    #expect(try stand.held().events.isEmpty)
    #expect(try stand.order(.replay) == [.done])
    let held = try stand.held()
    #expect(held.events == [HeldEvent(id: stand.id, place: 0, form: .received)])
    #expect(!held.hasMore)
    let record = held.batch.records[0]
    #expect(record.offset == 5 && record.timestampMs == 900)
    #expect(held.batch.value(of: record).map(Array.init) == Array("{}".utf8))
    let headers = held.batch.headers(of: record)
    #expect(headers.map { Array(held.batch.arena[$0.name]) } == [Array("a".utf8), Array("ce_\"\u{E9}".utf8)])
    #expect(headers.map { $0.value.map { Array(held.batch.arena[$0]) } } == [Array("b".utf8), nil])
  }

  @Test func `a replay moves the event from quarantined to its new verdict, once, and the books agree`() throws {
    let stand = try Stand()
    #expect(try stand.verdicts() == ["20", "16", "1"])
    #expect(try stand.differences() == [])
    #expect(try stand.order(.replay) == [.done])
    #expect(try stand.order(.replay) == [.askedFor])
    let flush = Flush.replay(of: stand.id, behind: stand.first)
    #expect(stand.bench.commit(flush) == .committed)
    #expect(try stand.verdicts() == ["20", "17", "0"])
    #expect(try stand.state() == "replayed")
    #expect(stand.bench.resolve(flush) == .committed)
    // The answer was lost and the flush is sent again.
    #expect(stand.bench.commit(flush) == .committed)
    #expect(try stand.verdicts() == ["20", "17", "0"])
    #expect(try stand.held().events.isEmpty)
    #expect(try stand.order(.replay) == [.replayed])
    #expect(try stand.order(.discard) == [.replayed])
    #expect(try stand.differences() == [])
    // The log goes on where it was.
    var next = Flush.sample(stand.claim, from: 20, to: 30, number: 3, tenant: "other")
    next.identities = []
    #expect(stand.bench.commit(next) == .committed)
    #expect(try stand.differences() == [])
    #expect(
      try stand.bench.database.query("select from_offset, to_offset from meterd.journal order by 1") == [
        ["0", "20"], ["20", "30"],
      ])
  }

  @Test func `a replay that nobody asked for is refused whole`() throws {
    let stand = try Stand()
    let flush = Flush.replay(of: stand.id, behind: stand.first)
    guard case .retriable(let why) = stand.bench.commit(flush) else {
      Issue.record("what was not asked for was counted")
      return
    }
    #expect(why.contains("not asked for"))
    #expect(try stand.verdicts() == ["20", "16", "1"])
    #expect(try stand.state() == "held")
    #expect(try stand.differences() == [])
  }

  @Test func `the replay of a stale owner is refused, its successor does it`() throws {
    let stand = try Stand()
    #expect(try stand.order(.replay) == [.done])
    let stale = Flush.replay(of: stand.id, behind: stand.first)
    let successor = try stand.bench.claim()
    #expect(stand.bench.commit(stale) == .refused)
    #expect(try stand.state() == "held")
    var flush = stale
    flush.epoch = successor.epoch
    flush.number = 1
    #expect(stand.bench.commit(flush) == .committed)
    #expect(try stand.verdicts() == ["20", "17", "0"])
    #expect(try stand.differences() == [])
  }

  @Test func `still bad, it stays the row it was, with the new reason`() throws {
    let stand = try Stand()
    #expect(try stand.order(.replay) == [.done])
    var verdicts = VerdictCounts()
    verdicts[.quarantined] = 1
    var flush = Flush.replay(of: stand.id, behind: stand.first)
    flush.rollups = []
    flush.identities = []
    flush.verdicts = VerdictCounts()
    flush.replays = [Replay(id: stand.id, verdicts: verdicts)]
    flush.quarantined = [
      QuarantinedEvent(
        offset: 5, place: 0, reason: .tooOld, detail: "now", timestampMs: 900, payload: Array("{}".utf8), headers: [],
        source: stand.id)
    ]
    #expect(stand.bench.commit(flush) == .committed)
    #expect(try stand.verdicts() == ["20", "16", "1"])
    #expect(
      try stand.bench.database.query("select id, reason, detail, state from meterd.quarantine") == [
        ["\(stand.id)", "too_old", "now", "held"]
      ])
    #expect(try stand.bench.database.scalar("select jsonb_array_length(headers) from meterd.quarantine") == "2")
    #expect(try stand.differences() == [])
    // And may be tried again.
    #expect(try stand.order(.replay) == [.done])
    #expect(stand.bench.commit(.replay(of: stand.id, behind: stand.first, number: 3)) == .committed)
    #expect(try stand.verdicts() == ["20", "17", "0"])
    #expect(try stand.differences() == [])
  }

  @Test func `a record that is a batch now becomes several events, some of them held`() throws {
    let stand = try Stand()
    #expect(try stand.order(.replay) == [.done])
    var flush = Flush.replay(of: stand.id, behind: stand.first)
    var verdicts = VerdictCounts()
    verdicts[.counted] = 1
    verdicts[.quarantined] = 2
    flush.replays = [Replay(id: stand.id, verdicts: verdicts)]
    flush.verdicts[.quarantined] = 1
    flush.quarantined = [0, 2].map {
      QuarantinedEvent(
        offset: 5, place: $0, reason: .badValue, detail: "part \($0)", timestampMs: 900, payload: Array("{}".utf8),
        headers: [],
        form: .part, source: stand.id)
    }
    #expect(stand.bench.commit(flush) == .committed)
    #expect(try stand.verdicts() == ["22", "17", "2"])
    #expect(
      try stand.bench.database.query(
        "select id = \(stand.id), place, state, form from meterd.quarantined order by place")
        == [["t", "0", "held", "2"], ["f", "2", "held", "2"]])
    #expect(try stand.differences() == [])
  }

  @Test func `discarded, it is kept and never counted, and the audit says who did it`() throws {
    let stand = try Stand()
    #expect(try stand.order(.discard, [stand.id, 4_711]) == [.done, .unknown])
    #expect(try stand.state() == "discarded")
    #expect(try stand.order(.replay) == [.discarded])
    #expect(try stand.verdicts() == ["20", "16", "1"])
    #expect(
      try stand.bench.database.query("select actor, action, detail ->> 'events' from meterd.audit")
        == [["me@here", "quarantine.discard", "[\(stand.id)]"]])
    #expect(try stand.differences() == [])
  }

  @Test func `while a replay is asked for it cannot be discarded`() throws {
    let stand = try Stand()
    #expect(try stand.order(.replay) == [.done])
    #expect(try stand.order(.discard) == [.askedFor])
    #expect(try stand.state() == "held")
  }

  @Test func `what is fetched at once is bounded, and all of it comes in the end`() throws {
    let stand = try Stand()
    var flush = Flush.sample(stand.claim, from: 20, to: 1_520, number: 2, tenant: "none")
    flush.verdicts = VerdictCounts()
    flush.verdicts[.quarantined] = 1_500
    flush.rollups = []
    flush.identities = []
    flush.quarantined = (0..<1_500).map {
      QuarantinedEvent(
        offset: 20 + $0, place: 0, reason: .badValue, detail: "", timestampMs: -1,
        payload: Array(repeating: 0x20, count: $0 < 1_400 ? 10 : 1 << 20), headers: [])
    }
    #expect(stand.bench.commit(flush) == .committed)
    let ids = try Quarantine().list(stand.bench.url).map(\.id)
    #expect(try stand.order(.replay, ids).allSatisfy { $0 == .done })
    var held = try stand.held()
    try #require(held.events.count == 1_000 && held.hasMore)
    #expect(held.batch.records[999].timestampMs == -1)
    try stand.bench.database.execute("delete from meterd.replay_request where event <= \(held.events[999].id)")
    held = try stand.held()
    #expect(held.batch.byteCount <= 8 << 20 && held.hasMore && held.events.count > 401)
    try stand.bench.database.execute("delete from meterd.replay_request where event <= \(ids[1_450])")
    held = try stand.held()
    #expect(held.events.count == 7 || held.events.count == 8)
  }
}
