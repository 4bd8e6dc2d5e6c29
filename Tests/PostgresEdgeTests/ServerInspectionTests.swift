import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// What is seen of a server before anything is asked of it.
@Suite(.serialized) struct ServerInspectionTests {
  private static func complaint(about url: String) -> Complaint? {
    do throws(Complaint) {
      _ = try ServerInspection.run(url)
      return nil
    } catch {
      return error
    }
  }

  private static func alter(_ url: String, _ change: String) throws {
    let database = try Database(url)
    defer { database.close() }
    try database.execute("alter database \"\(url.split(separator: "/").last ?? "")\" \(change)")
  }

  @Test func `a sound server is described and nothing is said against it but what is so`() throws {
    let url = try PostgresCluster.shared.createDatabase("sound")
    let server = try ServerInspection.run(url)
    #expect(server.description.count == 1)
    // The servers of the tests are made so, for speed.
    #expect(server.warnings.map { $0.prefix(12) } == ["fsync is off", "full_page_wr"])
  }

  @Test(arguments: ["alter database", "alter role", "the url"])
  func `a server that is read-only by any setting is refused with status 69, and it is said which`(_ by: String) throws
  {
    var url = try PostgresCluster.shared.createDatabase("readonly")
    let role = "reader_\(UUID().uuidString.prefix(8).lowercased())"
    let database = try Database(url)
    switch by {
    case "alter database": try Self.alter(url, "set default_transaction_read_only = on")
    case "alter role":
      try database.execute("create role \(role) login; alter role \(role) set default_transaction_read_only = on")
      url = url.replacingOccurrences(of: "postgres@", with: "\(role)@")
    default: url += "?options=-cdefault_transaction_read_only%3Don"
    }
    let complaint = try #require(Self.complaint(about: url))
    #expect(complaint.status == .unavailable)
    let source = ["alter database": "database", "alter role": "user", "the url": "client"][by] ?? ""
    #expect(complaint.problem.contains("set by \(source))"), "\(complaint)")
    database.close()
  }

  @Test func `what was acknowledged survives a crash also where synchronous_commit is off`() throws {
    // Nothing reaches the disk by itself for ten seconds.
    let cluster = try PostgresCluster(
      "asynchronous", settings: ["wal_writer_delay": "10s", "synchronous_commit": "off", "autovacuum": "off"])
    try cluster.start()
    defer { try? cluster.remove() }
    let url = try cluster.createDatabase("books")
    try Self.alter(url, "set synchronous_commit = off")
    let admin = try Database(url)
    try admin.execute("alter role postgres set synchronous_commit = off")
    #expect(try ServerInspection.run(url).warnings.contains { $0.hasPrefix("synchronous_commit is off (set by ") })
    _ = try Schema.migrate(url)
    let ledger = Ledger(
      pool: Pool(target: url, connections: 1, name: SessionName.fresh(of: "test")), owner: "test", uniqueMax: 1,
      dedupeWindow: .hours(24))
    let log = TopicPartition(topic: "t", partition: 0)
    admin.close()
    let other = try Database(url)
    try other.execute(
      "insert into meterd.meter (name, event, aggregate, scale, dimensions) values ('calls', 'a', 'count', 0, '{region}')"
    )
    try other.execute("create table canary (x integer)")
    let claim = try Awaited.answer { then in ledger.claim(log, lane: 0) { then($0) } }.get()
    #expect(try Awaited.answer { then in ledger.begin(claim, at: 0, lane: 0) { then($0) } }.get())
    #expect(Awaited.answer { then in ledger.commit(.sample(claim), lane: 0) { then($0) } } == .committed)
    // Everybody else's commit behind it is lost: the crash is one.
    #expect(try other.scalar("show synchronous_commit") == "off")
    try other.execute("insert into canary values (1)")
    try cluster.kill9()
    try cluster.start()
    let after = try Database(url)
    #expect(try after.scalar("select next_offset from meterd.progress") == "10")
    #expect(try after.scalar("select count(*) from canary") == "0")
    after.close()
  }

  @Test(arguments: [
    ("off", "on"), ("local", "local"), ("remote_write", "remote_write"), ("remote_apply", "remote_apply"),
  ])
  func `synchronous_commit is raised and never lowered`(_ set: String, _ used: String) throws {
    let url = try PostgresCluster.shared.createDatabase("durability")
    try Self.alter(url, "set synchronous_commit = \(set)")
    for target in [url, url + "?options=-csynchronous_commit%3D\(set)"] {
      let session = try Session.open(target, name: "test")
      #expect(try session.execute("show synchronous_commit").text(0, 0) == used)
    }
  }

  @Test func `less than a standby's word is said where there are standbys to wait for`() {
    var facts = Self.sound
    #expect(facts.complaint == nil)
    #expect(facts.warnings == [])
    facts.synchronousCommit = "local"
    #expect(facts.warnings == [])
    facts.hasSynchronousStandbys = true
    #expect(facts.warnings.count == 1)
    facts.synchronousCommit = "remote_apply"
    #expect(facts.warnings == [])
  }

  @Test func `a server that is too old is refused with status 78 and its version`() throws {
    var facts = Self.sound
    facts.version = 120_022
    facts.versionName = "12.22"
    #expect(facts.complaint?.status == .configuration)
    #expect(facts.complaint?.problem == "the server is PostgreSQL 12.22; 13 is the oldest that will do")
    facts.version = 130_000
    #expect(facts.complaint == nil)

    let cluster = try PostgresCluster.shared
    let url = try cluster.createDatabase("old")
    let database = try Database(url)
    let number = try #require(try database.scalar("show server_version_num"))
    let proxy = try ByteProxy(to: "127.0.0.1:\(cluster.port)")
    defer { proxy.close() }
    proxy.on(.toClient, containing: number, do: .replace(Array("120022".utf8)))
    let complaint = try #require(
      Self.complaint(
        about:
          "postgresql://postgres@\(proxy.address)/\(url.split(separator: "/").last ?? "")?sslmode=disable&gssencmode=disable"
      ))
    #expect(complaint.status == .configuration)
    #expect(complaint.description.hasPrefix("postgres: the server is PostgreSQL "))
  }

  @Test func `a standby is refused with status 69, and of several hosts the one that takes writes is used`() throws {
    try PostgresCluster.withStandby { primary, standby in
      let complaint = try #require(Self.complaint(about: standby.url()))
      #expect(complaint.status == .unavailable)
      #expect(complaint.problem.contains("standby"), "\(complaint)")
      #expect(Self.complaint(about: PostgresCluster.url(of: [standby, primary], "postgres")) == nil)
      _ = try Schema.migrate(PostgresCluster.url(of: [standby, primary], "postgres"))
      // Nobody of them takes writes.
      try primary.stop()
      let none = try #require(Self.complaint(about: PostgresCluster.url(of: [primary, standby], "postgres")))
      #expect(none.status == .unavailable)
      #expect(none.problem.hasPrefix("the server takes no writes"), "\(none)")
    }
  }

  private static let sound = ServerInspection.Facts(
    version: 150_004, versionName: "15.4", encoding: "UTF8", isStandby: false, isReadOnly: false,
    readOnlySource: "default", synchronousCommit: "on", synchronousSource: "default", hasSynchronousStandbys: false,
    fsync: true, fullPageWrites: true, isPooled: false)
}
