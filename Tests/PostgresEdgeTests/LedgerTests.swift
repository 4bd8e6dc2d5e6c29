import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

@Suite struct LedgerTests {
  @Test func `a claim makes the next epoch and says where to go on`() throws {
    let bench = try LedgerBench()
    let first = try bench.claim()
    #expect(first.next == nil)
    #expect(try bench.begin(first, at: 17))
    let second = try bench.claim()
    #expect(second.epoch.number == first.epoch.number + 1)
    #expect(second.next == 17)
    // The first owner cannot write a first cursor any more.
    #expect(try !bench.begin(first, at: 99))
  }

  @Test func `a flush commits rollups, verdicts, identities and cursor together`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    #expect(bench.commit(.sample(claim)) == .committed)
    #expect(try bench.quantities() == [["acme", "eu", "10", "10"]])
    #expect(try bench.database.scalar("select counted from meterd.accounting") == "10")
    #expect(try bench.database.scalar("select next_offset from meterd.progress") == "10")
    #expect(try bench.identities(claim).map { $0[0].fingerprint } == [42])
    #expect(try bench.database.scalar("select from_offset || '-' || to_offset from meterd.journal") == "0-10")
  }

  @Test func `the same flush sent twice counts once`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    #expect(bench.commit(.sample(claim)) == .committed)
    #expect(bench.commit(.sample(claim)) == .committed)
    #expect(try bench.quantities() == [["acme", "eu", "10", "10"]])
    #expect(try bench.database.scalar("select counted from meterd.accounting") == "10")
  }

  @Test func `a flush of an older epoch is refused and leaves no trace`() throws {
    let bench = try LedgerBench()
    let old = try bench.claim()
    _ = try bench.begin(old)
    _ = try bench.claim()
    #expect(bench.commit(.sample(old)) == .refused)
    #expect(bench.resolve(.sample(old)) == .refused)
    #expect(try bench.quantities().isEmpty)
    #expect(try bench.database.scalar("select count(*) from meterd.identity_page") == "0")
  }

  @Test(arguments: [(1, 10), (9, 20), (11, 20)])
  func `a flush that does not start at the cursor is refused`(_ from: Int64, _ to: Int64) throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    if from > 8 { #expect(bench.commit(.sample(claim)) == .committed) }
    let before = try bench.quantities()
    #expect(bench.commit(.sample(claim, from: from, to: to, number: 2)) == .refused)
    #expect(try bench.quantities() == before)
  }

  @Test func `an error inside a flush undoes all of it and may be tried again`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    try bench.database.execute("alter table meterd.journal add constraint closed check (from_offset <> 0)")
    guard case .retriable(let why) = bench.commit(.sample(claim)) else {
      Issue.record("a refused statement is certain not to have happened")
      return
    }
    #expect(why.hasPrefix("23514"))
    #expect(try bench.quantities().isEmpty)
    #expect(try bench.database.scalar("select next_offset from meterd.progress") == "0")
    try bench.database.execute("alter table meterd.journal drop constraint closed")
    #expect(bench.commit(.sample(claim)) == .committed)
    #expect(try bench.quantities() == [["acme", "eu", "10", "10"]])
  }

  @Test func `an error at the commit itself is no commit`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    // A deferred trigger fails only when the procedure's own COMMIT runs.
    try bench.database.execute(
      "create function public.fail() returns trigger language plpgsql as $$ begin raise exception 'late'; end $$")
    try bench.database.execute(
      "create constraint trigger late after insert on meterd.journal deferrable initially deferred for each row execute function public.fail()"
    )
    guard case .retriable = bench.commit(.sample(claim)) else {
      Issue.record("a failed commit must not be taken for one")
      return
    }
    #expect(try bench.quantities().isEmpty)
    try bench.database.execute("drop trigger late on meterd.journal")
    #expect(bench.commit(.sample(claim)) == .committed)
  }

  @Test(arguments: [
    "o'brien", "back\\slash", "\\.", "\\N", "{\"a\":1}", "tab\u{202E}rtl", "e\u{0301}", "\u{E9}", "日本", "a,b{c}d\"e",
    "%s $1 \\x00",
    " lead", "NULL",
  ])
  func `names come back byte for byte`(_ name: String) throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    #expect(bench.commit(.sample(claim, tenant: name, region: name)) == .committed)
    let row = try bench.quantities()[0]
    #expect(row[0].map { Array($0.utf8) } == Array(name.utf8))
    #expect(row[1].map { Array($0.utf8) } == Array(name.utf8))
  }

  @Test func `composed and decomposed names are two tenants`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    var flush = Flush.sample(claim, tenant: "e\u{0301}")
    let other = Flush.sample(claim, tenant: "x")
    var composed = other.series[0]
    composed.tenant = Array("\u{E9}".utf8)
    flush.series.append(composed)
    flush.rollups.append(other.rollups[0])
    #expect(bench.commit(flush) == .committed)
    #expect(try bench.quantities().count == 2)
  }

  @Test func `quantities keep every digit`() throws {
    let bench = try LedgerBench()
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    var from: Int64 = 0
    let most = Quantity.bound - 1
    for (number, quantity) in [
      Quantity(units: most, scale: 0), Quantity(units: most, scale: 9), Quantity(units: most, scale: 12),
      Quantity(units: 1, scale: 12),
      Quantity(units: -25, scale: 2), Quantity(units: 0, scale: 9), Quantity(units: 10_000, scale: 4),
      Quantity(units: 99_999, scale: 1),
      Quantity(units: 120_000_000_000, scale: 9), Quantity(units: -most, scale: 12),
    ].enumerated() {
      let flush = Flush.sample(
        claim, from: from, to: from + 1, number: Int64(number + 1), tenant: "tenant \(number)", quantity: quantity)
      #expect(bench.commit(flush) == .committed)
      let stored = try bench.database.scalar(
        "select quantity from meterd.usage where tenant = $1", ["tenant \(number)"])
      #expect(stored == quantity.description)
      from += 1
    }
  }
}
