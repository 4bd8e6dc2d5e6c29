import Foundation
import MeterModel
import Synchronization
import TestStack
import Testing

@testable import PostgresEdge

@Suite struct SchemaTests {
  @Test func `migrate is safe to run from several machines at once`() throws {
    let url = try PostgresCluster.shared.createDatabase("migrate")
    let outcomes = Mutex<[Schema.Outcome]>([])
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      do throws(Complaint) {
        let outcome = try Schema.migrate(url)
        outcomes.withLock { $0.append(outcome) }
      } catch {
        Issue.record("\(error)")
      }
    }
    let all = outcomes.withLock { $0 }
    #expect(all.count == 6)
    #expect(all.count { $0.from == 0 } == 1)
    #expect(all.allSatisfy { $0.to == Schema.version })
  }

  @Test(arguments: [true, false]) func `a schema newer than the build is refused in one line`(_ migrates: Bool) throws {
    let url = try PostgresCluster.shared.createDatabase("newer")
    _ = try Schema.migrate(url)
    let database = try Database(url)
    try database.execute("insert into meterd.migration (version, name) values (999, 'tomorrow')")
    do throws(Complaint) {
      if migrates { _ = try Schema.migrate(url) } else { try Schema.check(url) }
      Issue.record("a newer schema was taken")
    } catch {
      #expect(error.status == .configuration)
      #expect(error.description.contains("newer than this build's"))
    }
  }

  @Test func `a role without rights is told so with status 77`() throws {
    let url = try PostgresCluster.shared.createDatabase("rights")
    let role = "nobody_\(UUID().uuidString.prefix(8).lowercased())"
    try Database(url).execute("create role \(role) login")
    let foreign = url.replacingOccurrences(of: "postgres@", with: "\(role)@")
    do throws(Complaint) {
      _ = try Schema.migrate(foreign)
      Issue.record("a role without rights migrated")
    } catch {
      #expect(error.status == .notPermitted)
    }
  }

  @Test func `a server that is not there is told so with status 69`() {
    do throws(Complaint) {
      _ = try Schema.migrate("postgresql://postgres@127.0.0.1:1/none")
      Issue.record("nobody listens there")
    } catch {
      #expect(error.status == .unavailable)
      #expect(!error.description.contains("\n"))
    }
  }
}
