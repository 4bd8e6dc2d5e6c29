import Foundation
import MeterModel
import Synchronization
import TestStack
import Testing

@testable import PostgresEdge

/// How the schema goes from one version to the next.
@Suite(.serialized) struct MigrationTests {
  private static let cluster = Result {
    let cluster = try PostgresCluster("migrations")
    try cluster.start()
    return cluster
  }

  /// This build's steps, and what a later build would add.
  private static func steps(and sql: String...) -> [Schema.Step] {
    Schema.steps
      + sql.enumerated().map {
        Schema.Step(version: Schema.version + 1 + Int64($0.offset), name: "later", sql: Array($0.element.utf8))
      }
  }

  private static func version(_ database: Database) throws -> String? {
    try database.scalar("select max(version) from meterd.migration")
  }

  @Test func `the numbers of the steps follow each other, and each is recorded once`() throws {
    #expect(Schema.steps.map(\.version) == Array(1...Schema.version))
    let url = try Self.cluster.get().createDatabase("steps")
    #expect(try Schema.migrate(url) == Schema.Outcome(from: 0, to: Schema.version))
    #expect(try Schema.migrate(url) == Schema.Outcome(from: Schema.version, to: Schema.version))
    let recorded = try Database(url).query("select version, name from meterd.migration order by 1")
    #expect(recorded == Schema.steps.map { ["\($0.version)", $0.name] })
  }

  @Test(arguments: [
    "create table meterd.half (x integer); insert into meterd.half values (1); select 1 / 0;",
    "alter table meterd.partition add column half integer; update meterd.partition set half = 1 / 0; select nonsense();",
    "create function meterd.half() returns integer language sql as 'select 1'; insert into meterd.migration values (1, 'again');",
    "create table meterd.half (x integer); this is not sql",
  ]) func `a step that fails half way leaves nothing, and the next attempt starts where it began`(_ sql: String) throws
  {
    let url = try Self.cluster.get().createDatabase("half")
    let database = try Database(url)
    do throws(Complaint) {
      _ = try Schema.migrate(url, by: Self.steps(and: sql))
      Issue.record("the step did not fail")
    } catch {
      #expect(!error.description.contains("\n"))
    }
    #expect(try Self.version(database) == "\(Schema.version)")
    #expect(
      try database.scalar("select to_regclass('meterd.half') is null and to_regproc('meterd.half') is null") == "t")
    #expect(
      try database.scalar(
        "select count(*) from pg_attribute where attrelid = 'meterd.partition'::regclass and attname = 'half'") == "0")
    // No lock and no transaction of it is left either.
    #expect(try database.scalar("select count(*) from pg_locks where locktype = 'advisory'") == "0")
    let good = try Schema.migrate(url, by: Self.steps(and: "create table meterd.half (x integer)"))
    #expect(good == Schema.Outcome(from: Schema.version, to: Schema.version + 1))
  }

  @Test func `of many that migrate at once each step is taken once`() throws {
    let url = try Self.cluster.get().createDatabase("race")
    let steps = Self.steps(and: "create table meterd.a (x integer)", "create table meterd.b (x integer)")
    let outcomes = Mutex<[Schema.Outcome]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      do throws(Complaint) {
        let outcome = try Schema.migrate(url, by: steps)
        outcomes.withLock { $0.append(outcome) }
      } catch {
        Issue.record("\(error)")
      }
    }
    let all = outcomes.withLock { $0 }
    #expect(all.count == 8)
    #expect(all.allSatisfy { $0.to == Schema.version + 2 })
    #expect(try Database(url).scalar("select count(*) from meterd.migration") == "\(Schema.version + 2)")
  }

  @Test func `a step waits for whoever migrates at the moment, and takes over`() throws {
    let url = try Self.cluster.get().createDatabase("turn")
    let other = try Database(url)
    try other.execute("begin; select pg_advisory_xact_lock(\(0x6D65_7465_7264))")
    let done = Mutex<Schema.Outcome?>(nil)
    let thread = DispatchQueue(label: "migrate")
    thread.async { done.withLock { $0 = try? Schema.migrate(url) } }
    Thread.sleep(forTimeInterval: 1)
    try other.execute("commit")
    thread.sync {}
    #expect(done.withLock { $0 } == Schema.Outcome(from: 0, to: Schema.version))
  }

  @Test func `a step that cannot have its locks lets flushes through, tries again, and then says who`() throws {
    let bench = try LedgerBench(on: Self.cluster.get())
    let claim = try bench.claim()
    _ = try bench.begin(claim)
    let holder = try Database(bench.url)
    try holder.execute("begin; select count(*) from meterd.rollup")
    let url = bench.url
    let steps = Self.steps(and: "alter table meterd.rollup add column more integer")
    let outcome = Mutex<Result<Schema.Outcome, Complaint>?>(nil)
    let thread = DispatchQueue(label: "migrate")
    thread.async {
      do throws(Complaint) {
        let made = try Schema.migrate(url, by: steps)
        outcome.withLock { $0 = .success(made) }
      } catch {
        outcome.withLock { $0 = .failure(error) }
      }
    }
    // The flush waits behind the step for one of its waits, not for the reader to end.
    try bench.database.waitFor(
      "select count(*) from pg_locks where relation = 'meterd.rollup'::regclass and not granted", toBe: "1")
    #expect(bench.commit(.sample(claim)) == .committed)
    #expect(outcome.withLock { $0 } == nil)
    try holder.execute("commit")
    thread.sync {}
    #expect(try outcome.withLock { $0 }?.get().to == Schema.version + 1)
  }

  @Test(arguments: [true, false])
  func `a build runs on a schema that is one step ahead of it, and is refused two steps behind`(_ migrates: Bool) throws
  {
    let url = try Self.cluster.get().createDatabase("neighbour")
    let database = try Database(url)
    let ahead = Self.steps(and: "create table meterd.a (x integer)", "create table meterd.b (x integer)")
    _ = try Schema.migrate(url, by: Array(ahead.dropLast()))
    #expect(try Schema.prepare(url, migrates: migrates).to == Schema.version + 1)
    #expect(try Self.version(database) == "\(Schema.version + 1)")
    // The command is asked to make the schema this build's, which it cannot.
    do throws(Complaint) {
      _ = try Schema.migrate(url)
      Issue.record("a newer schema was migrated")
    } catch {
      #expect(error.status == .configuration)
    }
    _ = try Schema.migrate(url, by: ahead)
    do throws(Complaint) {
      _ = try Schema.prepare(url, migrates: migrates)
      Issue.record("a schema two steps ahead was taken")
    } catch {
      #expect(error.status == .configuration)
      #expect(
        error.description.hasPrefix(
          "postgres: schema meterd: the schema is at version \(Schema.version + 2), newer than this build's \(Schema.version)"
        ))
    }
  }

  @Test func `a build that may not migrate is refused on an older schema`() throws {
    let url = try Self.cluster.get().createDatabase("behind")
    _ = try Schema.migrate(url, by: Array(Schema.steps.dropLast()))
    do throws(Complaint) {
      _ = try Schema.prepare(url, migrates: false)
      Issue.record("an older schema was taken")
    } catch {
      #expect(error.status == .configuration)
      #expect(error.description.contains("run meterd migrate"))
    }
    #expect(try Schema.prepare(url, migrates: true) == Schema.Outcome(from: Schema.version - 1, to: Schema.version))
  }
}
