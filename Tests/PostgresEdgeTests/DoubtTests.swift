import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

@Suite struct DoubtTests {
  @Test func `a commit whose answer is cut is in doubt, and the cursor row says it happened`() throws {
    let proxy = try ByteProxy(to: "127.0.0.1:\(PostgresCluster.shared.port)")
    defer { proxy.close() }
    let bench = try LedgerBench { _ in "postgresql://postgres@127.0.0.1:\(proxy.port)" }
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    // The command tag of the procedure's answer.
    proxy.on(.toClient, containing: "CALL\0", do: .cut(.reset))
    guard case .unknown = bench.commit(.sample(claim)) else {
      Issue.record("a lost answer is not an answer")
      return
    }
    #expect(bench.resolve(.sample(claim)) == .committed)
    #expect(try bench.quantities() == [["acme", "eu", "10", "10"]])
  }

  @Test func `a commit that never reached the server is in doubt, and the cursor row says it did not happen`() throws {
    let proxy = try ByteProxy(to: "127.0.0.1:\(PostgresCluster.shared.port)")
    defer { proxy.close() }
    let bench = try LedgerBench { _ in "postgresql://postgres@127.0.0.1:\(proxy.port)" }
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    let trap = proxy.on(.toServer, containing: "call meterd.apply", do: .cut(.reset))
    guard case .unknown = bench.commit(.sample(claim)) else {
      Issue.record("a cut connection leaves a doubt")
      return
    }
    trap.disarm()
    #expect(bench.resolve(.sample(claim)) == .absent)
    #expect(bench.commit(.sample(claim)) == .committed)
    #expect(try bench.quantities() == [["acme", "eu", "10", "10"]])
  }

  /// The trap this design avoids: a client that stops in the middle must hold no lock that its successor needs.
  @Test func `a daemon stopped in the middle of its flush does not keep the partition from its successor`() throws {
    let proxy = try ByteProxy(to: "127.0.0.1:\(PostgresCluster.shared.port)")
    defer { proxy.close() }
    let bench = try LedgerBench { _ in "postgresql://postgres@127.0.0.1:\(proxy.port)" }
    let old = try bench.claim()
    _ = try bench.begin(old)
    let trap = proxy.on(.toServer, containing: "call meterd.apply", do: .stall)
    let stale = Flush.sample(old)
    let done = DispatchSemaphore(value: 0)
    bench.ledger.commit(stale, lane: 0) { _ in done.signal() }
    // All that is staged has reached the server, and the word that ends it has not.
    try trap.waitForHit()
    // Another daemon, with a way of its own to the server.
    let other = Ledger(
      pool: Pool(target: bench.url, connections: 1, name: "other"), owner: "other", uniqueMax: 100,
      dedupeWindow: .hours(24))
    let claimed = DispatchSemaphore(value: 0)
    other.claim(TopicPartition(topic: "t", partition: 0), lane: 0) { _ in claimed.signal() }
    #expect(claimed.wait(timeout: .now() + 120) == .success)
    #expect(done.wait(timeout: .now()) == .timedOut)
    proxy.release()
    #expect(done.wait(timeout: .now() + 120) == .success)
    #expect(try bench.quantities().isEmpty)
  }
}
