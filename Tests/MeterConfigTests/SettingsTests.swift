import MeterModel
import Testing

@testable import MeterConfig

/// The least that loads, with room for more.
func settings(_ more: String = "", environment: @escaping (String) -> String? = { _ in nil }) throws -> Settings {
  let text = BrokenFile.Preamble.required.rawValue + more
  return try Settings.parse(Array(text.utf8), file: "meterd.yaml", environment: environment)
}

@Suite struct SettingsTests {
  @Test func `everything but the brokers and the database has the default of the contract`() throws {
    let settings = try settings()
    #expect(settings.kafka.brokers == "127.0.0.1:9092")
    #expect(settings.kafka.topics == ["usage.events"])
    #expect(settings.kafka.group == "meterd")
    #expect(settings.kafka.instanceID == "")
    #expect(settings.kafka.properties.all.isEmpty)
    #expect(settings.kafka.limitTopic == "")
    #expect(settings.postgres.url.exposed == "postgresql://meterd@db/meterd")
    #expect(settings.postgres.connections == 4)
    #expect(settings.postgres.migrate)
    #expect(settings.rollup.window == .hours(1))
    #expect(settings.dedupe.window == .hours(24))
    #expect(settings.dedupe.overBudget == .shorten)
    #expect(settings.time.maxPast == .days(35))
    #expect(settings.time.maxFuture == .minutes(10))
    #expect(settings.events.maxSize == .mebibytes(1))
    #expect(settings.flush.interval == .seconds(1))
    #expect(settings.flush.maxRows == 50_000)
    #expect(settings.series.maxPerMeter == 10_000)
    #expect(settings.unique.exactMax == 65_536)
    #expect(settings.seal.grace == .hours(1))
    #expect(settings.lanes == .auto)
    #expect(settings.memory.budget == .gibibytes(4))
    #expect(settings.check.unknown == .allow)
    #expect(settings.http.listen == ListenAddress(host: "127.0.0.1", port: 8080))
    #expect(settings.http.authentication == .keys)
    #expect(settings.http.tlsCertificatePath == "")
    #expect(settings.http.tlsKeyPath == "")
    #expect(settings.limitLog.path == "")
    #expect(settings.limitLog.maxSize == .mebibytes(256))
    #expect(settings.limitLog.keep == 8)
    #expect(settings.log.level == .info)
    #expect(settings.log.format == .json)
  }

  @Test func `every setting of this build can be set`() throws {
    let text = """
      kafka:
        brokers: "one:9092,two:9093, [::1]:9094,kafka_3:9095"
        topics: [usage.events, more-events_2]
        group: billing
        instance_id: pod-0
        properties:
          client.id: meterd-0
          session.timeout.ms: 6000
          socket.keepalive.enable: true
          sasl.password: hunter2
          max.poll.interval.ms: 60000
      postgres: { url: host=db user = meterd, connections: 8, migrate: false }
      rollup: { window: 15m }
      dedupe: { window: 90d }
      time: { max_past: 15m, max_future: 0s }
      events: { max_size: 512KiB }
      flush: { interval: 250ms, max_rows: 10 }
      lanes: 256
      memory: { budget: 1GiB }
      http: { listen: "[::1]:0", auth: none, tls_cert: /etc/cert.pem, tls_key: key.pem }
      log: { level: debug, format: text }
      """
    let settings = try Settings.parse(Array(text.utf8), file: "/etc/meterd/meterd.yaml", environment: { _ in nil })
    #expect(settings.kafka.brokers == "one:9092,two:9093, [::1]:9094,kafka_3:9095")
    #expect(settings.kafka.topics == ["usage.events", "more-events_2"])
    #expect(settings.kafka.group == "billing")
    #expect(settings.kafka.instanceID == "pod-0")
    #expect(
      settings.kafka.properties.all.map(\.value) == ["meterd-0", "6000", "true", "hunter2", "60000"])
    #expect(settings.kafka.properties["client.id"] == "meterd-0")
    #expect(settings.postgres.url.exposed == "host=db user = meterd")
    #expect(settings.postgres.connections == 8)
    #expect(!settings.postgres.migrate)
    #expect(settings.rollup.window == .minutes(15))
    #expect(settings.dedupe.window == .days(90))
    #expect(settings.time.maxPast == .minutes(15))
    #expect(settings.time.maxFuture == .seconds(0))
    #expect(settings.events.maxSize == .kibibytes(512))
    #expect(settings.flush.interval == .milliseconds(250))
    #expect(settings.flush.maxRows == 10)
    #expect(settings.lanes == .count(256))
    #expect(settings.memory.budget == .gibibytes(1))
    #expect(settings.http.listen == ListenAddress(host: "::1", port: 0))
    #expect(settings.http.authentication == .none)
    #expect(settings.http.tlsCertificatePath == "/etc/cert.pem")
    #expect(settings.http.tlsKeyPath == "/etc/meterd/key.pem")
    #expect(settings.log.level == .debug)
    #expect(settings.log.format == .text)
  }

  @Test func `a duration may be written in any unit that makes it`() throws {
    #expect(try settings("rollup: { window: 60m }").rollup.window == .hours(1))
    #expect(try settings("flush: { interval: 1000ms }").flush.interval == .seconds(1))
    #expect(try settings("dedupe: { window: '24h' }").dedupe.window == .hours(24))
  }

  @Test func `a section whose lines are all commented out has its defaults`() throws {
    #expect(try settings("flush:\n  # interval: 2s\nlog: {}\n") == settings())
  }

  @Test func `a byte order mark and line ends of another system change nothing`() throws {
    let text = BrokenFile.Preamble.required.rawValue + "log: { level: warn }\n"
    let windows = [0xEF, 0xBB, 0xBF] + Array(text.replacing("\n", with: "\r\n").utf8)
    let settings = try Settings.parse(windows, file: "meterd.yaml", environment: { _ in nil })
    #expect(settings.log.level == .warn)
  }

  @Test func `a feature of a later build may be said at its default`() throws {
    let later = """
      dedupe: { over_budget: shorten }
      series: { max_per_meter: 10000 }
      unique: { exact_max: 65536 }
      seal: { grace: 60m }
      check: { unknown: allow }
      """
    #expect(try settings(later) == settings())
  }

  @Test func `a build with every feature takes every setting and checks it with the others`() throws {
    var table = SettingsTable.whole
    for index in table.rows.indices { table.rows[index].inBuild = true }
    let text = """
      kafka: { brokers: "a:1", topics: [a], limit_topic: limits }
      postgres: { url: postgresql:///m }
      dedupe: { over_budget: wait }
      series: { max_per_meter: 5 }
      unique: { exact_max: 7 }
      seal: { grace: 0s }
      check: { unknown: deny }
      limit_log: { path: "-", max_size: 1MiB, keep: 1 }
      """
    let settings = try Settings.parse(Array(text.utf8), file: "f", table: table, environment: { _ in nil })
    #expect(settings.kafka.limitTopic == "limits")
    #expect(settings.dedupe.overBudget == .wait)
    #expect(settings.series.maxPerMeter == 5)
    #expect(settings.unique.exactMax == 7)
    #expect(settings.seal.grace == .seconds(0))
    #expect(settings.check.unknown == .deny)
    #expect(settings.limitLog == Settings.LimitLog(path: "-", maxSize: .mebibytes(1), keep: 1))

    let loop = text.replacing("limit_topic: limits", with: "limit_topic: a")
    let complaint = #expect(throws: Complaint.self) {
      try Settings.parse(Array(loop.utf8), file: "f", table: table, environment: { _ in nil })
    }
    #expect(
      complaint?.description
        == "config: f:1:39: 'kafka.limit_topic' is also one of 'kafka.topics' ('a');"
        + " give limit events a topic of their own")
  }

  @Test(arguments: ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "LOCALHOST:1", "[::1]:1", "[::ffff:127.0.0.1]:1"])
  func `a request without a key is taken on a loopback address`(_ address: String) throws {
    let settings = try settings("http: { auth: none, listen: '\(address)' }")
    #expect(settings.http.listen.isLoopback)
  }

  @Test(arguments: ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.com:1", "127.example.com:1", "[::ffff:10.0.0.1]:1"])
  func `a request without a key is not taken where others can reach it`(_ address: String) throws {
    #expect(throws: Complaint.self) { try settings("http: { auth: none, listen: '\(address)' }") }
    #expect(try settings("http: { listen: '\(address)' }").http.listen.text == address)
  }

  @Test func `every bound is inside and the next value beyond it is not`() {
    #expect(throws: Never.self) { try settings("flush: { interval: 10ms, max_rows: 1000000 }") }
    #expect(throws: Never.self) { try settings("flush: { interval: 10s, max_rows: 1 }\nlanes: 1") }
    #expect(throws: Complaint.self) { try settings("flush: { interval: 9ms }") }
    #expect(throws: Complaint.self) { try settings("flush: { interval: 10001ms }") }
    #expect(throws: Complaint.self) { try settings("flush: { max_rows: 1000001 }") }
    #expect(throws: Never.self) { try settings("events: { max_size: 64MiB }\nmemory: { budget: 1GiB }") }
    #expect(throws: Complaint.self) { try settings("events: { max_size: 67108865B }") }
  }
}
