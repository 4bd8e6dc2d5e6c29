import MeterModel
import Testing

@testable import MeterConfig

@Suite struct SettingChangeTests {
  @Test func `a change of what is live needs no restart, any other does`() throws {
    let before = try settings()
    let after = try settings("log: { level: debug, format: text }\nflush: { interval: 2s }\nlanes: 4")
    #expect(
      before.changes(to: after) == [
        SettingChange(path: "flush.interval", before: "1s", after: "2s", needsRestart: false),
        SettingChange(path: "lanes", before: "auto", after: "4", needsRestart: true),
        SettingChange(path: "log.level", before: "info", after: "debug", needsRestart: false),
        SettingChange(path: "log.format", before: "json", after: "text", needsRestart: true),
      ])
    #expect(before.changes(to: before).isEmpty)
  }

  @Test func `a changed secret is seen and not shown`() throws {
    var before = try settings()
    var after = before
    before.kafka.properties = KafkaProperties([.init(name: "sasl.password", value: "hunter2")])
    after.kafka.properties = KafkaProperties([.init(name: "sasl.password", value: "hunter3")])
    after.postgres.url = Secret("postgresql://m:hunter3@db/m")
    let changes = before.changes(to: after)
    #expect(
      changes == [
        SettingChange(
          path: "kafka.properties", before: "sasl.password: '…'", after: "sasl.password: '…'", needsRestart: true),
        SettingChange(path: "postgres.url", before: "'…'", after: "'…'", needsRestart: true),
      ])
    var dumped = ""
    dump(after, to: &dumped)
    #expect(
      !dumped.contains("hunter") && !"\(after)".contains("hunter") && !String(reflecting: after).contains("hunter"))
  }

  @Test func `the configuration in force is printed whole, without secrets`() throws {
    let text = """
      kafka:
        brokers: a:9092
        properties: { client.id: "it's $$5", sasl.password: hunter2 }
      postgres: { url: "postgresql://m:hunter2@db/m" }
      """
    let settings = try Settings.parse(Array(text.utf8), file: "f", environment: { _ in nil })
    #expect(
      settings.redacted == """
        kafka:
          brokers: 'a:9092'
          topics: [usage.events]
          group: meterd
          instance_id: ''
          properties:
            client.id: 'it''s $$5'
            sasl.password: '…'
          limit_topic: ''
        postgres:
          url: '…'
          connections: 4
          migrate: true
        rollup:
          window: 1h
        dedupe:
          window: 24h
          over_budget: shorten
        time:
          max_past: 35d
          max_future: 10m
        events:
          max_size: 1MiB
        flush:
          interval: 1s
          max_rows: 50000
        series:
          max_per_meter: 10000
        unique:
          exact_max: 65536
        seal:
          grace: 1h
        lanes: auto
        memory:
          budget: 4GiB
        check:
          unknown: allow
        http:
          listen: '127.0.0.1:8080'
          auth: keys
          tls_cert: ''
          tls_key: ''
        limit_log:
          path: ''
          max_size: 256MiB
          keep: 8
        log:
          level: info
          format: json

        """)
  }

  @Test func `what is printed without secrets loads as the same configuration`() throws {
    var settings = try settings("http: { listen: '[::1]:80' }")
    settings.kafka.properties = KafkaProperties([.init(name: "client.id", value: "a\"b\\c\n$x'y")])
    let printed = settings.redacted.replacing("'…'", with: "'\(settings.postgres.url.exposed)'")
    #expect(try Settings.parse(Array(printed.utf8), file: "f", environment: { _ in nil }) == settings)
  }
}
