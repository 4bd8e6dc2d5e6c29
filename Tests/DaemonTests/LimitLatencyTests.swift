import Foundation
import KafkaEdge
import Synchronization
import TestStack
import Testing

/// How long it takes from Kafka's acknowledgement of an event to its line in the limit log.
@Suite(.serialized) struct LimitLatencyTests {
  private static let interval = 1.0
  private static let events = ProcessInfo.processInfo.environment["METERD_LATENCY_EVENTS"].flatMap(Int.init) ?? 150
  /// What the contract allows; a test machine that is busy with other things is given more.
  private static let bound =
    interval + (ProcessInfo.processInfo.environment["METERD_LATENCY_EVENTS"] == nil ? 4 : 0.1)

  @Test func `a crossing is in the log soon after its event was acknowledged`() throws {
    try Stack.with { stack in
      try stack.apply(LimitScene.meters)
      let tenants = (0..<Self.events).map { "t\($0)" }
      try stack.apply(
        """
        plans: [{ name: one, version: 1, currency: EUR, usage: [{ meter: points, included: "1", limit: { mode: notify } }] }]
        tenants:
        \(tenants.map { "  - { id: \($0) }" }.joined(separator: "\n"))
        subscriptions:
        \(tenants.map { "  - { id: s_\($0), tenant: \($0), plan: one, starts_at: \(LimitScene.hour(-2)) }" }.joined(separator: "\n"))

        """)
      let log = stack.folder.path(of: "limits.log")
      try stack.startDaemon(["limit_log.path": log, "flush.interval": "1s"]).waitUntilReady()
      let producer = try TopicProducer(
        KafkaSettings(brokers: stack.brokers, topics: [], group: "", instance: "", properties: [:]),
        topic: "usage.events"
      )
      let sent = Mutex<[String: Double]>([:])
      let thread = Thread {
        for tenant in tenants {
          let event =
            #"{"specversion":"1.0","id":"\#(tenant)","source":"/s","type":"points.scored","subject":"\#(tenant)","data":{"points":1}}"#
          if producer.send([TopicProducer.Record(key: Array(tenant.utf8), value: Array(event.utf8))]) != nil { return }
          sent.withLock { $0[tenant] = ProcessInfo.processInfo.systemUptime }
          Thread.sleep(forTimeInterval: 0.02)
        }
      }
      thread.start()
      var seen: [String: Double] = [:]
      var read = 0
      try eventually("every crossing is told") {
        let data = FileManager.default.contents(atPath: log) ?? Data()
        let now = ProcessInfo.processInfo.systemUptime
        let whole = data[read...].lastIndex(of: 0x0A).map { $0 + 1 } ?? read
        for line in data[read..<whole].split(separator: 0x0A) {
          let object = try JSONSerialization.jsonObject(with: line) as? [String: Any]
          if let tenant = object?["tenant"] as? String { seen[tenant] = seen[tenant] ?? now }
        }
        read = whole
        return seen.count == tenants.count
      }
      let times = try tenants.map { tenant in
        try #require(seen[tenant]) - (try #require(sent.withLock { $0[tenant] }))
      }.sorted()
      let (median, high) = (times[times.count / 2], times[times.count * 99 / 100])
      print("limit latency: \(times.count) crossings, median \(Int(median * 1_000)) ms, p99 \(Int(high * 1_000)) ms")
      #expect(high < Self.bound, "p99 is \(high) s")
    }
  }
}
