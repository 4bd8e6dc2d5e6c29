import Foundation
import Testing

@testable import TestStack

@Suite struct PostgresClusterTests {
  @Test func `two databases of the shared cluster know nothing of each other`() throws {
    let one = try Database(try PostgresCluster.shared.createDatabase("apart"))
    let other = try Database(try PostgresCluster.shared.createDatabase("apart"))
    try one.execute("CREATE TABLE mine (n int)")
    #expect(try one.scalar("SELECT count(*) FROM mine") == "0")
    let failure = #expect(throws: StackFailure.self) { try other.query("SELECT * FROM mine") }
    #expect(failure?.sqlState == "42P01")
    #expect(failure?.description.contains("SELECT * FROM mine") == true)
  }

  @Test func `a committed row survives every way of ending the server`() throws {
    let cluster = try PostgresCluster("ends", durable: true)
    try cluster.start()
    let url = try cluster.createDatabase("rows")
    let port = cluster.port
    let database = try Database(url)
    #expect(try database.scalar("SHOW fsync") == "on")
    try database.execute("CREATE TABLE rows (how text)")
    try database.execute("INSERT INTO rows VALUES ($1)", ["fast"])
    try cluster.restart(.fast)
    try database.waitFor("SELECT count(*) FROM rows", toBe: "1")
    try database.execute("INSERT INTO rows VALUES ($1)", ["immediate"])
    try cluster.restart(.immediate)
    try database.waitFor("SELECT count(*) FROM rows", toBe: "2")
    try database.execute("INSERT INTO rows VALUES ($1)", ["kill9"])
    let sessions = cluster.sessions
    #expect(!sessions.isEmpty)
    try cluster.kill9()
    #expect(!cluster.isRunning)
    #expect(sessions.filter(isAlive).isEmpty)
    #expect(throws: StackFailure.self) { try database.query("SELECT 1") }
    try cluster.start()
    try database.waitFor("SELECT string_agg(how, ' ') FROM rows", toBe: "fast immediate kill9")
    #expect(cluster.port == port)
    #expect(cluster.log.contains { $0.text.contains("database system was not properly shut down") })
    database.close()
    try cluster.stop(.smart)
    #expect(!cluster.isRunning)
    try cluster.remove()
    #expect(!FileManager.default.fileExists(atPath: cluster.folder))
  }

  @Test func `the socket leads to the same server as the port`() throws {
    let cluster = try PostgresCluster.shared
    let socket = try Database(cluster.socketURL())
    #expect(try socket.scalar("SHOW port") == "\(cluster.port)")
    #expect(try socket.scalar("SELECT inet_client_addr()") == nil)
  }

  @Test func `a stopped server makes a query fail within its time`() throws {
    let cluster = try PostgresCluster("stopped")
    try cluster.start()
    let database = try Database(cluster.url())
    for session in cluster.sessions { kill(session, SIGSTOP) }
    let failure = #expect(throws: StackFailure.self) { try database.query("SELECT 1", within: .milliseconds(200)) }
    #expect(failure?.problem.contains("no answer") == true)
    for session in cluster.sessions { kill(session, SIGCONT) }
    #expect(try database.scalar("SELECT 1") == "1")
    try cluster.remove()
  }

  @Test func `values, nulls, several statements and parameters come back as text`() throws {
    let database = try Database(try PostgresCluster.shared.createDatabase("values"))
    #expect(try database.query("SELECT $1::int + 1, $2::text, 'ä '", ["41", nil]) == [["42", nil, "ä "]])
    #expect(
      try database.query("CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2); SELECT n FROM t ORDER BY n") == [
        ["1"], ["2"],
      ])
    #expect(try database.execute("UPDATE t SET n = n + $1", ["1"]) == 2)
    let failure = #expect(throws: StackFailure.self) { try database.scalar("SELECT n FROM t ORDER BY n") }
    #expect(failure?.description.contains("2 rows of 1 columns") == true)
    #expect(throws: StackFailure.self) { try database.query("COPY t TO STDOUT") }
    #expect(try database.scalar("SELECT count(*) FROM t") == "2")
  }

  @Test func `a value that never comes is told with the last one seen`() throws {
    let database = try Database(PostgresCluster.shared.url())
    let failure = #expect(throws: StackFailure.self) {
      try database.waitFor("SELECT 7", toBe: "8", within: .milliseconds(50))
    }
    #expect(failure?.description.contains("'7'") == true)
  }
}
