import Foundation
import TestStack
import Testing

/// Whatever is wrong at the start is one line and one exit status, never a stack trace.
@Suite(.serialized) struct BadStartTests {
  private struct Case: CustomStringConvertible {
    let yaml: String
    let message: String
    var description: String { message }
  }

  /// 30 broken configurations, each with the line that a person reads.
  private static let cases: [(yaml: String, message: String)] = [
    ("kafka: {}\n", "'kafka.brokers'"),
    ("kafka: { brokers: 'localhost' }\n", "config: F:1:19: 'kafka.brokers'"),
    ("kafka: { brokers: 'localhost:99999' }\n", "'kafka.brokers'"),
    ("kafka: { broker: 'a:1' }\n", "'kafka.broker' is not a setting; did you mean 'kafka.brokers'"),
    ("flush: { intervl: 1s }\n", "config: F:4:10: 'flush.intervl' is not a setting; did you mean 'flush.interval'"),
    ("flush: { interval: 1 }\n", "'flush.interval'"),
    ("flush: { interval: 1.5s }\n", "'flush.interval'"),
    ("flush: { interval: 0s }\n", "'flush.interval'"),
    ("flush: { max_rows: many }\n", "'flush.max_rows'"),
    ("flush: { max_rows: -1 }\n", "'flush.max_rows'"),
    ("rollup: { window: 2h }\n", "'rollup.window'"),
    ("dedupe: { window: 0s }\n", "'dedupe.window'"),
    ("dedupe: { over_budget: forget }\n", "'dedupe.over_budget'"),
    ("dedupe: { over_budget: wait }\n", "not in this build yet"),
    ("time: { max_past: 10s }\n", "'time.max_past'"),
    ("events: { max_size: 1MB }\n", "'events.max_size'"),
    ("lanes: 0\n", "'lanes'"),
    ("lanes: none\n", "'lanes'"),
    ("memory: { budget: 1KiB }\n", "'memory.budget'"),
    ("http: { listen: 8080 }\n", "'http.listen'"),
    ("http: { listen: 0.0.0.0:8080, auth: none }\n", "'http.auth'"),
    ("http: { tls_cert: a.pem }\n", "'http.tls_"),
    ("log: { level: loud }\n", "'log.level'"),
    ("log: { format: xml }\n", "'log.format'"),
    ("series: { max_per_meter: 0 }\n", "'series.max_per_meter'"),
    ("seal: { grace: 2h }\n", "not in this build yet"),
    ("limit_log: { keep: 0 }\n", "'limit_log.keep'"),
    ("check: { unknown: deny }\n", "not in this build yet"),
    ("log: { level: info, level: warn }\n", "config: F:4:21"),
    ("log: [info]\n", "config: F:4:6"),
    ("log: { level: '${METERD_NO_SUCH_NAME}' }\n", "METERD_NO_SUCH_NAME"),
    ("log: { level: \"inf\n", "this is not sound YAML (found unexpected end of stream)"),
    ("---\nlog: {}\n---\nlog: {}\n", "config: F:"),
    ("\tlog: {}\n", "config: F:4:1"),
  ]

  /// Those that are about Kafka stand alone; the others follow a sound beginning of three lines.
  private static let beginning = """
    kafka: { brokers: '127.0.0.1:9092' }
    postgres: { url: 'postgresql://127.0.0.1/none' }
    # the broken part follows

    """

  @Test func `every broken configuration is one line that names the place, and status 78`() throws {
    let folder = try TemporaryFolder("broken")
    defer { folder.remove() }
    for (number, broken) in Self.cases.enumerated() {
      let isWhole = broken.yaml.hasPrefix("kafka:") || broken.yaml.hasPrefix("---")
      let path = try folder.write(isWhole ? broken.yaml : Self.beginning + broken.yaml, to: "c\(number).yaml")
      for command in ["check", "run"] {
        let outcome = try Self.run([command, "--config", path])
        #expect(outcome.status == 78, "\(broken.yaml): \(outcome.errors)")
        #expect(Self.isOneLine(outcome.errors), "\(broken.yaml): \(outcome.errors)")
        let line = outcome.errors.replacingOccurrences(of: path, with: "F")
        #expect(line.contains(broken.message), "\(broken.yaml): \(line)")
      }
    }
  }

  @Test(arguments: [
    ["run", "--confg", "x"], ["rnu"], [], ["run", "--config"], ["apply", "--config", "x"], ["usage", "surplus"],
    ["version", "--json"],
  ])
  func `a wrong command line is one line and status 64`(_ arguments: [String]) throws {
    let outcome = try Self.run(arguments)
    #expect(outcome.status == 64)
    #expect(Self.isOneLine(outcome.errors), "\(outcome.errors)")
  }

  @Test func `a missing configuration file is status 78`() throws {
    let outcome = try Self.run(["run", "--config", "/nowhere/meterd.yaml"])
    #expect(outcome.status == 78)
    #expect(Self.isOneLine(outcome.errors))
    #expect(outcome.errors.contains("/nowhere/meterd.yaml"))
  }

  @Test func `a librdkafka property that does not exist is named, with status 78`() throws {
    try Stack.with { stack in
      let outcome = try stack.meterd(["check"], ["kafka.properties.no.such.thing": "x"])
      #expect(outcome.status == 78)
      #expect(outcome.errors.contains("no.such.thing"))
      #expect(Self.isOneLine(outcome.errors))
    }
  }

  @Test func `an unreachable service at start is status 69`() throws {
    try Stack.with { stack in
      let noDatabase = try stack.meterd(
        ["run"], ["postgres.url": "postgresql://postgres@127.0.0.1:1/x", "http.listen": "127.0.0.1:0"])
      #expect(noDatabase.status == 69)
      #expect(Self.isOneLine(noDatabase.errors), "\(noDatabase.errors)")
      let missing = stack.databaseURL + "_not_there"
      let notThere = try stack.meterd(["run"], ["postgres.url": missing, "http.listen": "127.0.0.1:0"])
      #expect(notThere.status == 69)
      #expect(Self.isOneLine(notThere.errors), "\(notThere.errors)")
      let noBroker = try stack.meterd(["run"], ["kafka.brokers": "127.0.0.1:1", "http.listen": "127.0.0.1:0"])
      #expect(noBroker.status == 69)
      #expect(
        noBroker.errors.split(separator: "\n").last?.hasPrefix("kafka: 127.0.0.1:1: no broker answers") == true,
        "\(noBroker.errors)")
    }
  }

  @Test func `a port in use is status 69 and names the address`() throws {
    try Stack.with { stack in
      let first = try stack.startDaemon().waitUntilReady()
      let second = try stack.meterd(["run"], ["http.listen": first.address])
      #expect(second.status == 69)
      #expect(second.errors.contains(first.address), "\(second.errors)")
    }
  }

  @Test func `a schema newer than the build is status 78`() throws {
    try Stack.with { stack in
      #expect(try stack.meterd(["migrate"]).status == 0)
      try stack.database.execute("insert into meterd.migration (version, name) values (999, 'tomorrow')")
      let outcome = try stack.meterd(["run"], ["http.listen": "127.0.0.1:0"])
      #expect(outcome.status == 78)
      #expect(Self.isOneLine(outcome.errors), "\(outcome.errors)")
    }
  }

  @Test func `a bad catalog is status 65 and names field and place`() throws {
    try Stack.with { stack in
      let file = try stack.folder.write("meters:\n  - { name: a, event: b, aggregate: totl }\n", to: "bad.yaml")
      let outcome = try stack.meterd(["apply", file])
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains("bad.yaml:2:"), "\(outcome.errors)")
      try stack.apply(
        """
        meters: [{ name: a, event: b, aggregate: count }]
        plans: [{ name: p, version: 1, currency: USD, usage: [{ meter: a }] }]

        """)
      let other = try stack.folder.write("meters:\n  - { name: a, event: c, aggregate: count }\n", to: "other.yaml")
      let altered = try stack.meterd(["apply", other])
      #expect(altered.status == 65)
      #expect(altered.errors.contains("other.yaml:2:23: 'event' of meter 'a'"), "\(altered.errors)")
    }
  }

  @Test func `another rollup window than that of the data is refused`() throws {
    try Stack.with { stack in
      try stack.apply(Expectation.catalog)
      let daemon = try stack.startDaemon().waitUntilReady()
      _ = try stack.load(100)
      try Expectation(stack: stack, copy: "").waitUntilCounted(100)
      try daemon.stop()
      let outcome = try stack.meterd(["run"], ["rollup.window": "1m", "http.listen": "127.0.0.1:0"])
      #expect(outcome.status == 78)
      #expect(outcome.errors.contains("rollup.window"), "\(outcome.errors)")
    }
  }

  private static func run(_ arguments: [String]) throws -> (status: Int32, errors: String) {
    let child = try ChildProcess(try Programs().meterd, arguments, environment: ["METERD_CONFIG": ""])
    guard case .exited(let status) = try child.waitForExit() else {
      throw child.failure("was killed")
    }
    return (status, child.errors)
  }

  private static func isOneLine(_ text: String) -> Bool {
    text.split(separator: "\n", omittingEmptySubsequences: true).count == 1
  }
}
