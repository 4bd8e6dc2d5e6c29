import Foundation
import TestStack
import Testing

/// The operator's way on from a halt.
@Suite(.serialized) struct PartitionCommandTests {
  private static let raw = """
    {"specversion":"1.0","id":"raw","source":"test","type":"api.call","subject":"tenant-raw","data":{"endpoint":"/","region":"eu","latency_ms":1,"method":"GET"}}
    """
  private static let one = ["--topic", "usage.events", "--partition", "1"]

  /// A daemon, some counted events, and a batch in partition 1 that cannot be decoded; returns its offset.
  private func with(_ body: (Stack, Daemon, Expectation, Int64) throws -> Void) throws {
    try Stack.with(topics: ["usage.events": 3]) { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon(Company.quick).waitUntilReady()
      let expectation = Expectation(stack: stack, copy: try stack.load(600))
      try expectation.waitUntilCounted(600)
      let offset = try RawBatch(Self.raw, .brokenZstd).produce(to: stack.brokers, topic: "usage.events", partition: 1)
      try stack.database.waitFor("select halted is not null from meterd.progress where partition = 1", toBe: "t")
      try body(stack, daemon, expectation, offset)
    }
  }

  @Test func `list tells halted partitions and why, for people and for programs`() throws {
    try with { stack, _, _, offset in
      let people = try stack.meterd(["partition", "list"])
      #expect(people.status == 0 && people.errors == "")
      let lines = people.output.split(separator: "\n")
      #expect(lines.count == 2 && lines[0].hasPrefix("TOPIC"), "\(people.output)")
      #expect(lines[1].contains("usage.events") && lines[1].contains("the batch at offset \(offset) cannot be decoded"))
      let all = try stack.meterd(["partition", "list", "--all"])
      #expect(all.output.split(separator: "\n").count == 4, "\(all.output)")

      let programs = try stack.meterd(["partition", "list", "--json", "--all"])
      let rows = try programs.output.split(separator: "\n").map {
        try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      #expect(rows.count == 3)
      // The members of the view, and nothing else.
      let members = try stack.database.query(
        "select column_name from information_schema.columns where table_schema = 'meterd' and table_name = 'progress'")
      for row in rows { #expect(Set(row.keys) == Set(members.compactMap { $0[0] })) }
      let halted = rows.filter { !($0["halted"] is NSNull) }
      #expect(halted.count == 1 && halted[0]["partition"] as? Int == 1)
      #expect(halted.first?["next_offset"] as? Int64 == offset)
    }
  }

  @Test func `resume goes on from the cursor and halts again where the log is still broken`() throws {
    try with { stack, daemon, expectation, offset in
      let line = daemon.process.nextLine
      let outcome = try stack.meterd(["partition", "resume", "--yes"] + Self.one)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("it would go on from its cursor, \(offset)"), "\(outcome.output)")
      try daemon.process.waitForLine(matching: "the halt was lifted", from: line, within: .promised(.seconds(2)))
      try daemon.process.waitForLine(matching: "partition halted", from: line)
      try stack.database.waitFor("select halted is not null from meterd.progress where partition = 1", toBe: "t")
      #expect(try stack.database.scalar("select next_offset from meterd.progress where partition = 1") == "\(offset)")
      #expect(try expectation.differences() == [])
    }
  }

  @Test func `reset past the broken batch counts what is behind it within two seconds, and the audit tells who did it`()
    throws
  {
    try with { stack, daemon, _, offset in
      let behind = try RawBatch(Self.raw, .none).produce(to: stack.brokers, topic: "usage.events", partition: 1)
      let outcome = try stack.meterd(["partition", "reset", "--yes", "--offset", "\(behind)"] + Self.one)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(
        outcome.output.contains(
          "its cursor would go from \(offset) to \(behind): offsets \(offset) to \(offset) are never counted"),
        "\(outcome.output)")
      try eventually("the record behind is counted", is: "1", within: .promised(.seconds(2))) {
        try stack.database.scalar(
          "select count(*) from meterd.usage where tenant = 'tenant-raw' and meter = 'api_calls'")
          ?? ""
      }
      try daemon.waitUntilReady()
      #expect(try daemon.get("/metrics").body.contains("\nmeterd_partitions_halted 0\n"))
      let audit = try stack.database.query(
        """
        select action, subject, detail ->> 'from', detail ->> 'to', actor like '%@%', detail ->> 'reason' from meterd.audit
        where action <> 'catalog.apply'
        """)
      #expect(audit.count == 1)
      #expect(audit[0][0...4] == ["partition.reset", "usage.events[1]", "\(offset)", "\(behind)", "t"])
      #expect(audit[0][5]?.contains("cannot be decoded") == true)
      // The journal tiles within each era.
      #expect(
        try stack.database.scalar(
          """
          select count(*) from (
            select to_offset, lead(from_offset) over (partition by partition, era order by from_offset) as next
            from meterd.journal) as j where next is not null and next <> to_offset
          """) == "0")
      let load = try stack.load(300, seed: 3)
      _ = load
      try stack.database.waitFor("select sum(events) from meterd.accounting", toBe: "901")
    }
  }

  @Test func `a step back reads again and remembers what it had counted`() throws {
    try with { stack, _, expectation, offset in
      let outcome = try stack.meterd(["partition", "reset", "--yes", "--offset", "0"] + Self.one)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("its cursor would go back from \(offset) to 0"), "\(outcome.output)")
      // All of it is read again, up to the batch that still cannot be decoded.
      try stack.database.waitFor(
        "select next_offset = \(offset) and halted is not null from meterd.progress where partition = 1", toBe: "t")
      let read = "select events from meterd.accounting where partition = 1"
      try stack.database.waitFor(read, toBe: "\(2 * offset)")
      #expect(
        try stack.database.scalar(
          "select count(*) from meterd.journal where partition = (select id from meterd.partition where number = 1) and era = 1"
        )
          != "0")
      // The figures stay; only the verdicts know of the second reading.
      #expect(try expectation.differences().allSatisfy { $0.contains("\"partition\":1") })
    }
  }

  @Test func `nothing is done without a partition that is named, halted and confirmed`() throws {
    try with { stack, _, _, offset in
      let refused: [([String], String)] = [
        (["partition", "resume"] + Self.one, "nobody is there to confirm it"),
        (["partition", "reset", "--offset", "7"] + Self.one, "nobody is there to confirm it"),
        (["partition", "reset", "--yes"] + Self.one, "'--offset' is missing"),
        (["partition", "reset", "--yes", "--offset", "-1"] + Self.one, "'--offset' has a wrong value"),
        (["partition", "resume", "--yes", "--topic", "usage.events"], "'--partition' is missing"),
        (["partition", "resume", "--yes", "--partition", "1"], "'--topic' is missing"),
        (
          ["partition", "resume", "--yes", "--topic", "usage.events", "--partition", "0"],
          "usage.events[0] is not halted"
        ),
        (
          ["partition", "resume", "--yes", "--topic", "usage.events", "--partition", "9"],
          "usage.events[9] was never read"
        ),
        (["partition", "resume", "--yes", "--topic", "other", "--partition", "1"], "other[1] was never read"),
        (["partition", "rest"], "did you mean 'meterd partition reset'?"),
      ]
      for (arguments, message) in refused {
        let outcome = try stack.meterd(arguments)
        #expect(outcome.status == 64, "\(arguments)")
        #expect(outcome.errors.contains(message), "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
      }
      #expect(try stack.database.scalar("select count(*) from meterd.audit where action <> 'catalog.apply'") == "0")
      #expect(
        try stack.database.scalar("select next_offset from meterd.progress where partition = 1 and halted is not null")
          == "\(offset)")
    }
  }

  @Test func `on a terminal the partition's name must be typed`() throws {
    try with { stack, _, _, _ in
      let program = try stack.programs.meterd
      let config = try stack.configure()
      func type(_ answer: String) throws -> ChildProcess {
        let command = "\(program) partition resume --config \(config) \(Self.one.joined(separator: " "))"
        // script(1) gives the command a terminal, and types into it what it reads itself.
        let child = try ChildProcess(
          "/bin/sh", ["-c", "printf '%s\\n' \"$1\" | script -qec \"$0\" /dev/null", command, answer], named: "terminal")
        _ = try child.waitForExit()
        return child
      }
      let wrong = try type("yes")
      #expect(wrong.end == .exited(64))
      #expect(wrong.output.contains("not confirmed; nothing was changed"), "\(wrong.output)")
      #expect(try stack.database.scalar("select count(*) from meterd.audit where action <> 'catalog.apply'") == "0")
      let right = try type("usage.events[1]")
      #expect(right.end == .exited(0), "\(right.output)")
      #expect(try stack.database.scalar("select count(*) from meterd.audit where action <> 'catalog.apply'") == "1")
    }
  }
}
