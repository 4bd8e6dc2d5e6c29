import Foundation
import TestStack
import Testing

/// Partitions that go from daemon to daemon under flow.
@Suite(.serialized) struct OwnershipTests {
  /// The same flow, the same comings and goings at the same moments, for a consumer made the naive way and for meterd.
  @Test func `three joins and leaves lose messages the naive way and none ours`() throws {
    try Stack.with(topics: ["usage.events": 8]) { stack in
      try stack.apply(Expectation.catalog)
      let naive = try ChildProcess(
        stack.programs.naiveConsumer, [stack.brokers, "usage.events", "naive"], named: "naive")
      let company = Company(stack)
      let first = try company.join().waitUntilReady()
      try naive.waitForLine(matching: /first assigned 8/)
      let load = try Load(stack, rate: 1_000)
      for cycle in 1...3 {
        naive.send(SIGUSR1)
        let second = try company.join()
        try company.waitUntilShared(by: [first, second])
        try eventually("the naive ones share") {
          naive.output.components(separatedBy: "second assigned 4").count > cycle
        }
        Thread.sleep(forTimeInterval: 1)
        naive.send(SIGUSR2)
        #expect(try second.stop() == .exited(0))
        try company.waitUntilShared(by: [first])
        try eventually("the naive one has all") {
          naive.output.components(separatedBy: "first assigned 4").count > cycle
        }
      }
      let expectation = Expectation(stack: stack, copy: try load.finish())
      let records = try expectation.records()
      try expectation.waitUntilCounted(records)
      #expect(try expectation.differences() == [])

      Thread.sleep(forTimeInterval: 3)
      naive.send(SIGTERM)
      #expect(try naive.waitForExit() == .exited(0))
      let summary = try #require(naive.output.split(separator: "\n").last { $0.hasPrefix("taken ") }.map(String.init))
      let numbers = summary.split(separator: " ").compactMap { Int($0) }
      let version = try stack.meterd(["version"], configured: false).output
      print("of \(records) records: the naive way \(summary), meterd lost 0")
      if version.contains("librdkafka 2.0.2\n") {
        #expect(numbers.count == 3 && numbers[2] > 0, "\(naive.output)")
      }
    }
  }

  @Test func `three daemons join and leave in any order and everything is counted once`() throws {
    try Stack.with(topics: ["usage.events": 7]) { stack in
      _ = try comeAndGo(Company(stack), stack)
    }
  }

  @Test(.enabled("no newer librdkafka is there (deploy/dev setup installs one)") { Company.newerLibrary != nil })
  func `the same holds for a librdkafka that leaves alone the partitions that stay`() throws {
    try Stack.with(topics: ["usage.events": 7]) { stack in
      let path = Company.newerLibrary ?? ""
      let company = Company(stack, environment: ["LD_LIBRARY_PATH": path])
      let daemon = try comeAndGo(company, stack)
      #expect(daemon.process.lines.contains { $0.text.contains("cooperative assignment") })
    }
  }

  private func comeAndGo(_ company: Company, _ stack: Stack) throws -> Daemon {
    try stack.apply(Expectation.catalog)
    let first = try company.join().waitUntilReady()
    let load = try Load(stack, rate: 800)
    let second = try company.join()
    try company.waitUntilShared(by: [first, second])
    let third = try company.join()
    try company.waitUntilShared(by: [first, second, third])
    // One goes in order, one dies, and a new one comes while the group still waits for the dead.
    #expect(try first.stop() == .exited(0))
    try company.waitUntilShared(by: [second, third])
    try second.kill9()
    let fourth = try company.join()
    try company.waitUntilShared(by: [third, fourth])
    #expect(try third.stop() == .exited(0))
    try company.waitUntilShared(by: [fourth])
    let expectation = Expectation(stack: stack, copy: try load.finish())
    try expectation.waitUntilCounted(try expectation.records())
    #expect(try expectation.differences() == [])
    #expect(try stack.database.scalar("select count(*) from meterd.progress where halted is not null") == "0")
    return fourth
  }

  /// A partition whose row somebody holds must cost the others nothing but a moment.
  @Test
  func `a partition that cannot be claimed does not keep the others from being read, nor the daemon from its group`()
    throws
  {
    try Stack.with(topics: ["usage.events": 4]) { stack in
      try stack.apply(Expectation.catalog)
      let first = try stack.startDaemon(Company.quick).waitUntilReady()
      _ = try stack.load(500)
      try Expectation(stack: stack, copy: "").waitUntilCounted(500)
      try first.stop()
      let holder = try Database(stack.databaseURL)
      try holder.execute("begin; select 1 from meterd.partition where number = 2 for update")
      // A connection for each partition: what waits for a lock waits with its connection.
      let daemon = try stack.startDaemon(
        Company.quick.merging(["lanes": "4", "postgres.connections": "5"]) { $1 })
      _ = try stack.load(2_000, seed: 2)
      let others = "select coalesce(sum(events), 0) from meterd.accounting where partition <> 2"
      let before = Int(try stack.database.scalar(others) ?? "") ?? 0
      try eventually("the others are read", within: .promised(.seconds(5))) {
        Int(try stack.database.scalar(others) ?? "") ?? 0 > before + 1_000
      }
      try daemon.waitForReadiness(503)
      // Longer than the session: the group keeps it.
      Thread.sleep(forTimeInterval: 6)
      #expect(!daemon.process.lines.contains { $0.text.contains("partitions revoked") })
      try holder.execute("rollback")
      try daemon.waitUntilReady()
      try Expectation(stack: stack, copy: "").waitUntilCounted(2_500)
    }
  }

  @Test func `a partition that was claimed by somebody who let it go comes back to whom the group gave it`() throws {
    try Stack.with(topics: ["usage.events": 2]) { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon(Company.quick).waitUntilReady()
      let load = try Load(stack, rate: 500)
      try eventually("the flow has begun") { try daemon.counted() > 0 }
      // As by a claim that was under way for long.
      try stack.database.execute("update meterd.partition set epoch = epoch + 1, owner = 'nobody' where number = 1")
      try daemon.process.waitForLine(matching: "a write was refused")
      try eventually("it is claimed again", within: .promised(.seconds(12))) {
        try stack.database.scalar("select owner from meterd.progress where partition = 1") != "nobody"
      }
      try daemon.waitUntilReady()
      let expectation = Expectation(stack: stack, copy: try load.finish())
      try expectation.waitUntilCounted(try expectation.records())
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `a static member that stops does not leave, and its partitions wait for it`() throws {
    try Stack.with(topics: ["usage.events": 4]) { stack in
      let settings = ["kafka.properties.session.timeout.ms": "\"20000\""]
      func start(_ name: String) throws -> Daemon {
        try stack.startDaemon(Company.quick.merging(settings) { $1 }.merging(["kafka.instance_id": name]) { $1 })
      }
      let first = try start("one")
      let second = try start("two")
      try Company(stack).waitUntilShared(by: [first, second])
      try first.waitUntilReady()
      try second.waitUntilReady()
      let line = first.process.nextLine
      #expect(try second.stop() == .exited(0))
      // Of a dynamic member this broker tells the others within a heartbeat.
      Thread.sleep(forTimeInterval: 6)
      let words = first.process.lines.filter { $0.number >= line }.map(\.text)
      #expect(!words.contains { $0.contains("partitions revoked") }, "\(words)")
    }
  }

  @Test func `a daemon whose instance_id another one has taken ends with status 78 and one line`() throws {
    try Stack.with(topics: ["usage.events": 2]) { stack in
      let daemon = try stack.startDaemon(Company.quick.merging(["kafka.instance_id": "one"]) { $1 }).waitUntilReady()
      try stack.tellBroker("error Heartbeat FENCED_INSTANCE_ID")
      #expect(try daemon.process.waitForExit() == .exited(78))
      let last = try #require(daemon.process.lines.last { $0.stream == .error }?.text)
      #expect(last.hasPrefix("kafka: another daemon has joined the group under this one's kafka.instance_id"))
    }
  }
}
