import Foundation
import TestStack
import Testing

/// The answer to a flush is lost, and PostgreSQL crashes before anybody can ask what became of it.
@Suite(.serialized) struct CrashDoubtTests {
  @Test func `a flush that was committed before the crash is found so after ten other transactions`() throws {
    try afterCrash(saying: "a flush in doubt was committed") { stack, cluster, way in
      // The server has committed when its answer comes by; nothing moves until the proxy's thread returns.
      let crash = way.on(
        .toClient, containing: "CALL\0",
        do: .run {
          way.refuseNew()
          try? cluster.stop(.immediate)
        })
      way.on(.toClient, containing: "CALL\0", do: .cut(.reset))
      try crash.waitForHit()
      try eventually("the server's end") { !cluster.isRunning }
    }
  }

  @Test func `a flush that was under way at the crash is found not to have happened after ten other transactions`()
    throws
  {
    try afterCrash(saying: "a flush in doubt was not committed") { stack, cluster, way in
      let holder = try Database(stack.databaseURL)
      defer { holder.close() }
      // The rollups are written by then, and the journal is not.
      try holder.execute("begin; lock table meterd.journal in access exclusive mode")
      let waiting = """
        select backend_xid from pg_stat_activity
        where wait_event_type = 'Lock' and query like 'call meterd.apply%' and backend_xid is not null
        """
      try eventually("a flush is half applied") { try !stack.database.query(waiting).isEmpty }
      way.refuseNew()
      try cluster.stop(.immediate)
    }
  }

  private func afterCrash(
    saying outcome: String, _ crash: (Stack, PostgresCluster, ByteProxy) throws -> Void
  ) throws {
    let cluster = try PostgresCluster("doubt")
    try cluster.start()
    defer { try? cluster.remove() }
    try Stack.with(topics: ["usage.events": 1], cluster: cluster) { stack in
      try stack.apply(Expectation.catalog)
      let way = try Way(stack, cluster)
      defer { way.close() }
      let daemon = try stack.startDaemon(way.settings).waitUntilReady()
      let load = try Load(stack, rate: 400)
      try stack.database.waitFor("select count(*) > 3 from meterd.journal", toBe: "t")

      try crash(stack, cluster, way.proxy)
      try cluster.start()
      // They may have the number of the transaction that was lost: who asked for that one's state would be told that it was committed.
      let others = try Database(stack.databaseURL)
      defer { others.close() }
      try others.execute("create table public.other (number integer)")
      for number in 2...10 { try others.execute("insert into public.other values (\(number))") }
      let line = daemon.process.nextLine
      try way.proxy.acceptNew()
      let said = try daemon.process.waitForLine(matching: "a flush in doubt was", from: line)
      #expect(said.text.contains(outcome), "\(said.text)")

      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
      #expect(daemon.process.isRunning)
    }
  }
}
