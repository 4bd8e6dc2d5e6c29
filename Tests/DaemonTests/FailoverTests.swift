import Foundation
import TestStack
import Testing

/// A server that stops taking writes while daemons run: for a while, or for good, with another one in its place.
@Suite(.serialized) struct FailoverTests {
  @Test
  func `a server that turns read-only is said to be within seconds, and counting goes on by itself when it is not`()
    throws
  {
    let cluster = try PostgresCluster("switching")
    try cluster.start()
    defer { try? cluster.remove() }
    try Stack.with(cluster: cluster) { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon(Company.quick).waitUntilReady()
      let load = try Load(stack, rate: 500)
      try eventually("the flow has begun") { try daemon.counted() > 100 }
      func set(_ value: String) throws {
        try stack.database.execute("alter system set default_transaction_read_only = \(value)")
        try stack.database.execute("select pg_reload_conf()")
      }
      try set("on")
      let begun = ContinuousClock.now
      try daemon.waitForReadiness(503, within: .promised(.seconds(5)))
      print("not ready \(begun.duration(to: .now)) after the server turned read-only")
      try eventually("readiness says why") { try daemon.get("/readyz").body.contains("25006") }
      let retries = daemon.process.lines.count { $0.text.contains("a call to postgres failed") }
      Thread.sleep(forTimeInterval: 5)
      let more = daemon.process.lines.count { $0.text.contains("a call to postgres failed") } - retries
      // Of four partitions, each less than ten times a second.
      #expect(more < 4 * 50, "\(more) attempts in five seconds")
      try set("off")
      try daemon.waitUntilReady()
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
      stack.database.close()
    }
  }

  @Test func `an idle daemon says that its server takes no writes`() throws {
    let cluster = try PostgresCluster("idle")
    try cluster.start()
    defer { try? cluster.remove() }
    try Stack.with(cluster: cluster) { stack in
      let daemon = try stack.startDaemon(Company.quick).waitUntilReady()
      try stack.database.execute("alter system set default_transaction_read_only = on")
      try stack.database.execute("select pg_reload_conf()")
      try daemon.waitForReadiness(503, within: .promised(.seconds(5)))
      #expect(try daemon.get("/readyz").body.contains("takes no writes"))
      stack.database.close()
    }
  }

  /// The standby lacks what was committed last, as one that is not waited for may: the cursor is older there, and so is everything else.
  @Test(arguments: ["dies", "turns read-only"])
  func `when the primary is lost the daemon goes on at the promoted standby, exactly, also without the last commits`(
    _ how: String
  ) throws {
    try PostgresCluster.withStandby { primary, standby in
      let stack = try Stack(cluster: primary) { url in
        PostgresCluster.url(of: [primary, standby], String(url.split(separator: "/").last ?? ""))
          + "?target_session_attrs=read-write"
      }
      defer { stack.stop() }
      let plain = stack.databaseURL.components(separatedBy: "?")[0]
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon(Company.quick.merging(["postgres.url": plain]) { $1 }).waitUntilReady()
      let load = try Load(stack, rate: 500)
      try eventually("the flow has begun") { try daemon.counted() > 100 }

      // The standby hears no more, and the primary goes on for a while.
      let follower = try Database(standby.url())
      try follower.waitFor("select count(*) from pg_stat_wal_receiver", toBe: "1")
      try follower.execute("alter system set primary_conninfo = ''")
      try follower.execute("select pg_reload_conf()")
      try follower.waitFor("select count(*) from pg_stat_wal_receiver", toBe: "0")
      follower.close()
      let cursors = "select sum(next_offset)::text from meterd.progress"
      let before = try stack.database.scalar(cursors)
      try eventually("commits that the standby does not have") { try stack.database.scalar(cursors) != before }
      Thread.sleep(forTimeInterval: 1)
      let last = Int(try stack.database.scalar(cursors) ?? "") ?? 0
      if how == "dies" {
        try primary.stop(.immediate)
      } else {
        let admin = try Database(primary.url())
        try admin.execute("alter system set default_transaction_read_only = on")
        try admin.execute("select pg_reload_conf()")
        admin.close()
      }
      try daemon.waitForReadiness(503, within: .promised(.seconds(5)))
      try standby.promote()
      stack.database.close()
      let first =
        Int(
          try eventually("the new primary answers", { try stack.database.scalar(cursors) }, until: { $0 != nil }) ?? "")
        ?? 0
      print("of \(last) records committed \(max(0, last - first)) or more were lost with the primary that \(how)")
      try daemon.waitUntilReady()
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
      #expect(try stack.meterd(["verify"]).status == 0)
      stack.database.close()
    }
  }
}
