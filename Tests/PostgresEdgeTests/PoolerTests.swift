import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// A real PgBouncer between us and the server.
@Suite(.serialized) struct PoolerTests {
  struct Pool: Sendable, CustomStringConvertible {
    var mode: Pooler.Mode
    var sessions: Int
    var isRoundRobin: Bool
    var description: String { "\(mode), \(sessions) sessions\(isRoundRobin ? ", round robin" : "")" }

    /// Those of which a session's next message may reach another session.
    static let mixing = [Pooler.Mode.transaction, .statement].flatMap { mode in
      [1, 3, 20].flatMap { sessions in
        [false, true].map { Pool(mode: mode, sessions: sessions, isRoundRobin: $0) }
      }
    }
  }

  @Test(arguments: Pool.mixing)
  func `a pooler that mixes sessions is refused with status 78, however its pool is made`(_ pool: Pool) throws {
    let cluster = try PostgresCluster.shared
    let url = try cluster.createDatabase("mixed")
    let pooler = try Pooler(
      to: cluster, mode: pool.mode, sessions: pool.sessions, isRoundRobin: pool.isRoundRobin)
    defer { pooler.stop() }
    // As often as a service that is started again and again: it is not a matter of luck.
    for _ in 0..<3 {
      do throws(Complaint) {
        _ = try ServerInspection.run(pooler.url(before: url))
        Issue.record("\(pool) was taken")
      } catch {
        #expect(error.status == .configuration, "\(error)")
        #expect(error.problem.contains("pooler"), "\(error)")
      }
    }
  }

  @Test(arguments: [3, 20]) func `a pooler in session mode is taken, and it is said that it is there`(
    _ sessions: Int
  ) throws {
    let cluster = try PostgresCluster.shared
    let pooler = try Pooler(to: cluster, mode: .session, sessions: sessions)
    defer { pooler.stop() }
    let url = pooler.url(before: try cluster.createDatabase("kept"))
    for _ in 0..<5 { #expect(try ServerInspection.run(url).description.contains { $0.contains("pooler") }) }
    _ = try Schema.migrate(url)
    let ledger = Ledger(
      pool: .init(target: url, connections: 1, name: SessionName.fresh(of: "test")), owner: "test", uniqueMax: 1,
      dedupeWindow: .hours(24))
    let log = TopicPartition(topic: "t", partition: 0)
    let claim = try Awaited.answer { then in ledger.claim(log, lane: 0) { then($0) } }.get()
    #expect(try Awaited.answer { then in ledger.begin(claim, at: 0, lane: 0) { then($0) } }.get())
  }

  @Test func `a pooler with too few sessions is refused with status 69 and what is needed`() throws {
    let cluster = try PostgresCluster.shared
    let pooler = try Pooler(to: cluster, mode: .session, sessions: 2)
    let url = pooler.url(before: try cluster.createDatabase("few"))
    defer { pooler.stop() }
    do throws(Complaint) {
      _ = try ServerInspection.run(url)
      Issue.record("two sessions were taken for three")
    } catch {
      #expect(error.status == .unavailable)
      #expect(error.problem.contains("postgres.connections + 7"), "\(error)")
    }
  }
}
