import Foundation
import TestStack
import Testing

/// What a daemon finds at PostgreSQL when it starts: a server that will not do, a pooler, a schema of another version.
@Suite(.serialized) struct StartTests {
  private static let commands = [["run"], ["migrate"], ["check", "--connect"]]

  private static func refusal(of command: [String], _ stack: Stack, _ url: String) throws -> Stack.Outcome {
    try stack.meterd(command, ["postgres.url": "\"\(url)\"", "http.listen": "127.0.0.1:0"])
  }

  @Test(arguments: commands)
  func `a read-only server is refused in one line with status 69`(_ command: [String]) throws {
    try Stack.with { stack in
      let name = stack.databaseURL.split(separator: "/").last ?? ""
      try stack.database.execute("alter database \"\(name)\" set default_transaction_read_only = on")
      let outcome = try Self.refusal(of: command, stack, stack.databaseURL)
      #expect(outcome.status == 69)
      #expect(
        outcome.errors == """
          postgres: the server is read-only here (default_transaction_read_only is on; set by database); \
          set it to off for meterd's role and database, or wait until whoever set it is done

          """)
    }
  }

  @Test(arguments: commands)
  func `a pooler in transaction mode is refused in one line with status 78`(_ command: [String]) throws {
    let pooler = try Pooler(to: .shared, mode: .transaction)
    defer { pooler.stop() }
    try Stack.with { stack in
      let outcome = try Self.refusal(of: command, stack, pooler.url(before: stack.databaseURL))
      #expect(outcome.status == 78)
      #expect(outcome.errors.hasPrefix("postgres: a connection pooler stands before the server"), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
      // Nothing was made before it was known.
      #expect(try stack.database.scalar("select to_regnamespace('meterd') is null") == "t")
    }
  }

  @Test func `through a pooler in session mode everything is counted, over a restart of the pooler's clients`() throws {
    let pooler = try Pooler(to: .shared, mode: .session, sessions: 12)
    defer { pooler.stop() }
    try Stack.with(topics: ["usage.events": 3]) { stack in
      let through = ["postgres.url": pooler.url(before: stack.databaseURL)]
      try stack.apply(Expectation.catalog, through)
      let check = try stack.meterd(["check", "--connect"], through)
      #expect(
        check.output.contains("postgres: a pooler stands before the server, and keeps sessions"), "\(check.output)")
      let company = Company(stack, through)
      let first = try company.join().waitUntilReady()
      let load = try Load(stack, rate: 500)
      try eventually("the flow has begun") { try first.counted() > 100 }
      try first.kill9()
      let second = try company.join()
      try company.waitUntilShared(by: [second])
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `commits that a database would not wait for are waited for, and it is said at the start`() throws {
    try Stack.with { stack in
      let name = stack.databaseURL.split(separator: "/").last ?? ""
      try stack.database.execute("alter database \"\(name)\" set synchronous_commit = off")
      let daemon = try stack.startDaemon().waitUntilReady()
      let line = try daemon.process.waitForLine(matching: "synchronous_commit is off (set by database)")
      #expect(line.text.contains(#""level":"warn""#), "\(line.text)")
      #expect(line.text.contains("meterd's own sessions use on"), "\(line.text)")
    }
  }

  @Test func `daemons that start at once on an empty database migrate it once and count`() throws {
    try Stack.with(topics: ["usage.events": 3]) { stack in
      let company = Company(stack)
      let daemons = try (0..<3).map { _ in try company.join() }
      for daemon in daemons { try daemon.waitUntilReady() }
      let steps = try stack.database.query("select version from meterd.migration order by 1").compactMap { $0[0] }
      #expect(steps == (1...steps.count).map { "\($0)" })
      try company.waitUntilShared(by: daemons)
      try stack.apply(Expectation.catalog)
      Thread.sleep(forTimeInterval: 2.5)
      let copy = try stack.load(500)
      let expectation = Expectation(stack: stack, copy: copy)
      try expectation.waitUntilCounted(500)
      #expect(try expectation.differences() == [])
    }
  }

  @Test
  func `a daemon goes on, and another one starts, while the schema is one step ahead, and two steps are too many`()
    throws
  {
    try Stack.with { stack in
      let company = Company(stack)
      let (first, load) = try company.begin()
      let own = Int(try stack.database.scalar("select max(version) from meterd.migration") ?? "") ?? 0
      // What a next version's step is like.
      try stack.database.execute(
        """
        begin;
        alter table meterd.partition add column hint text;
        alter table meterd.rollup add column weight integer not null default 0;
        create table meterd.weight (series uuid primary key, weight integer not null);
        create function meterd.apply_weights(p_partition integer, p_weights integer[]) returns text language sql as 'select null::text';
        insert into meterd.migration (version, name) values (\(own + 1), 'weights');
        commit
        """)
      let second = try company.join()
      try second.process.waitForLine(matching: "the schema is one step ahead")
      try company.waitUntilShared(by: [first, second])
      try stack.database.execute("insert into meterd.migration (version, name) values (\(own + 2), 'after')")
      for command in [["run"], ["migrate"]] {
        let refused = try Self.refusal(of: command, stack, stack.databaseURL)
        #expect(refused.status == 78)
        #expect(refused.errors.contains("the schema is at version \(own + 2), newer than this build's \(own)"))
        #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
      }
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
    }
  }
}
