import Foundation
import TestStack
import Testing

/// A daemon that is stopped while a session of its own holds what its successor needs.
@Suite(.serialized) struct ZombieTests {
  private static let sessions = "select count(*) from pg_stat_activity where datname = current_database()"

  /// A flush that waits for another lock holds its partition; nobody would let it go if its daemon is stopped and the lock stays.
  @Test func `a stopped daemon's flush that hangs at the server keeps no partition from its successor`() throws {
    try Stack.with { stack in
      let company = Company(stack)
      let (first, load) = try company.begin(counted: 100)
      // A flush writes it last.
      let holder = try Database(stack.databaseURL)
      try holder.execute("begin; lock table meterd.journal in share mode")
      let hanging = "\(Self.sessions) and application_name ~ '^meterd [0-9a-f]{8} ' and wait_event_type = 'Lock'"
      try eventually("flushes hang") { Int(try stack.database.scalar(hanging) ?? "") ?? 0 >= 2 }
      first.pause()
      let second = try company.join()
      try second.process.waitForLine(matching: "partitions assigned")
      let begun = ContinuousClock.now
      try company.waitUntilShared(by: [second])
      let took = begun.duration(to: .now)
      print("the successor had all partitions \(took) after they were assigned to it")
      #expect(took < .promised(.seconds(6)))
      let line = try second.process.waitForLine(
        matching: "a session of an earlier owner held the partition and was ended")
      #expect(line.text.contains("/\(first.process.pid)'"), "\(line.text)")
      #expect(
        Int(try stack.database.scalar("select count(*) from meterd.audit where action = 'session.end'") ?? "") ?? 0 > 0)
      try holder.execute("rollback")
      holder.close()
      // The successor counts on; then the zombie comes back.
      let cursor = try stack.database.scalar("select sum(next_offset) from meterd.progress")
      try eventually("the successor flushes") {
        try stack.database.scalar("select sum(next_offset) from meterd.progress") != cursor
      }
      first.goOn()
      try first.process.waitForLine("its loss of the partitions") {
        $0.text.contains("a write was refused") || $0.text.contains(#""lost":true"#)
      }
      try company.waitUntilShared(by: [first, second])
      try first.waitUntilReady()
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
      #expect(try stack.meterd(["verify"]).status == 0)
    }
  }

  /// As a client that was stopped, or cut off from the network, with a transaction open.
  @Test func `a session of a dead daemon in an open transaction is ended, and the dead daemon's partition goes on`()
    throws
  {
    try Stack.with { stack in
      let company = Company(stack)
      let (first, load) = try company.begin()
      try first.kill9()
      let zombie = try Database("\(stack.databaseURL)?application_name=x")
      try zombie.execute("set application_name = 'meterd 0123abcd elsewhere/1'")
      try zombie.execute("begin; select 1 from meterd.partition where number = 2 for update")
      let second = try company.join()
      try company.waitUntilShared(by: [second])
      let line = try second.process.waitForLine(
        matching: "a session of an earlier owner held the partition and was ended")
      #expect(line.text.contains("elsewhere/1"), "\(line.text)")
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `an operator's transaction is not ended: the claim waits, says for whom, and the others are counted`()
    throws
  {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      let first = try stack.startDaemon(Company.quick).waitUntilReady()
      _ = try stack.load(500)
      try Expectation(stack: stack, copy: "").waitUntilCounted(500)
      try first.stop()
      let person = try Database(stack.databaseURL)
      try person.execute("begin; select 1 from meterd.partition where number = 2 for update")
      let pid = try person.scalar("select pg_backend_pid()") ?? ""
      let daemon = try stack.startDaemon(Company.quick.merging(["lanes": "4", "postgres.connections": "5"]) { $1 })
      let words = "the partition's row is held by pid \(pid) ('test', role 'postgres', idle in transaction for"
      let line = try daemon.process.waitForLine(matching: words)
      #expect(line.text.contains("usage.events[2]"), "\(line.text)")
      try eventually("readiness says so") {
        let answer = try daemon.get("/readyz")
        return answer.status == 503 && answer.body.contains(words)
      }
      // Again and again, and not too often.
      let seen = daemon.process.lines.count { $0.text.contains(words) }
      Thread.sleep(forTimeInterval: 6)
      let more = daemon.process.lines.count { $0.text.contains(words) } - seen
      #expect((1...5).contains(more), "\(more) attempts in six seconds")
      #expect(try person.scalar("select pg_backend_pid()") == pid)
      try person.execute("rollback")
      try daemon.waitUntilReady()
      #expect(try stack.database.scalar("select count(*) from meterd.audit where action <> 'catalog.apply'") == "0")
      _ = try stack.load(500, seed: 2)
      try Expectation(stack: stack, copy: "").waitUntilCounted(1_000)
    }
  }
}
