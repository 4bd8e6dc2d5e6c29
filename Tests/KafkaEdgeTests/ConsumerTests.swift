import CRdkafka
import Foundation
import MeterLab
import MeterModel
import MeterTelemetry
import TestDice
import TestStack
import Synchronization
import Testing

@testable import KafkaEdge

/// A consumer against the test broker in this process, without anything behind it.
@Suite(.serialized) struct ConsumerTests {
  private static let topic = "usage.events"
  private static let kept = Mutex<[Consumer]>([])

  private func consumer(_ broker: MockBroker, instance: String = "") throws -> Consumer {
    try Consumer(
      KafkaSettings(
        brokers: broker.bootstrapServers, topics: [Self.topic], group: "g", instance: instance,
        properties: [
          "session.timeout.ms": "4500", "heartbeat.interval.ms": "500", "fetch.wait.max.ms": "50",
          "topic.metadata.refresh.interval.ms": "500",
        ]), spare: BatchPool(), log: Log(level: .error))
  }

  private func ends(_ reading: Reading, _ partitions: Int) -> [Int64] {
    reading.state.withLock { state in
      (0..<partitions).map { state.next[TopicPartition(topic: Self.topic, partition: Int32($0))] ?? 0 }
    }
  }

  @Test(arguments: [1, 4]) func `partitions that come again in the midst of the flow lose nothing and repeat nothing`(
    _ partitions: Int
  ) throws {
    let broker = try MockBroker(brokers: 1, topics: [(Self.topic, partitions)])
    let flow = Flow(broker.bootstrapServers, topic: Self.topic, partitions: partitions)
    let consumer = try consumer(broker)
    let reading = Reading(consumer)
    try consumer.join(reading)
    try eventually("partitions have come") { reading.state.withLock { $0.stays.count } == partitions }
    var dice = Dice(UInt64(partitions))
    var round = 0
    // Enough must come again for the test to mean something, on a slow machine too.
    while round < 150 || round < 5_000 && reading.state.withLock({ $0.comings }) <= 40 {
      flow.produce(1 + dice.below(400))
      for _ in 0..<dice.below(3) { reading.renew(round + dice.below(partitions)) }
      Thread.sleep(forTimeInterval: Double(dice.below(40)) / 1_000)
      round += 1
    }
    try eventually("everything is read", is: flow.ends) { ends(reading, partitions) }
    #expect(consumer.close(within: 20))
    reading.state.withLock { state in
      #expect(state.flaws == [])
      #expect(state.broken.isEmpty && state.stays.isEmpty)
      #expect(state.comings > 40)
    }
  }

  @Test func `a member whose partitions are not read yet stays in the group`() throws {
    let broker = try MockBroker(brokers: 1, topics: [(Self.topic, 2)])
    let consumer = try consumer(broker)
    let reading = Reading(consumer, starts: false)
    try consumer.join(reading)
    try eventually("partitions have come") { reading.state.withLock { $0.stays.count } == 2 }
    // Longer than the session and the rebalance that another member asks for.
    let second = try self.consumer(broker)
    let other = Reading(second)
    try second.join(other)
    try eventually("the other has its share", within: .promised(.seconds(12))) {
      other.state.withLock { $0.stays.count } == 1 && reading.state.withLock { $0.stays.count } == 1
    }
    #expect(consumer.hasJoined && second.hasJoined)
    #expect(reading.state.withLock { !$0.isLost && $0.flaws == [] })
    #expect(second.close(within: 20) && consumer.close(within: 20))
  }

  @Test func `a member that is fenced hears that all is lost and that the group will not have it again`() throws {
    let broker = try MockBroker(brokers: 1, topics: [(Self.topic, 2)])
    let consumer = try consumer(broker, instance: "one")
    let reading = Reading(consumer)
    try consumer.join(reading)
    try eventually("partitions have come") { reading.state.withLock { $0.stays.count } == 2 }
    // 12 is Heartbeat.
    broker.pushErrors(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, for: ApiKey(number: 12), count: 1)
    try eventually("it is expelled", is: "FENCED_INSTANCE_ID") {
      reading.state.withLock { $0.expulsion?.name } ?? "none"
    }
    #expect(reading.state.withLock { $0.isLost && $0.stays.isEmpty })
    #expect(!consumer.hasJoined)
    #expect(consumer.close(within: 20))
  }

  @Test func `a topic that is gone breaks its partitions once, and one that came again is read from where it is told`()
    throws
  {
    let broker = try MockBroker(brokers: 1, topics: [(Self.topic, 2)])
    let flow = Flow(broker.bootstrapServers, topic: Self.topic, partitions: 2)
    let consumer = try consumer(broker)
    let reading = Reading(consumer)
    try consumer.join(reading)
    flow.produce(100)
    try eventually("everything is read", is: flow.ends) { ends(reading, 2) }
    try broker.setError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, topic: Self.topic)
    try eventually("both partitions are broken") { reading.state.withLock { $0.broken.count } == 2 }
    #expect(reading.state.withLock { $0.broken.values.allSatisfy { $0.kind == .gone } })
    try broker.setError(RD_KAFKA_RESP_ERR_NO_ERROR, topic: Self.topic)
    flow.produce(100)
    // Nobody reads on by himself, whatever the group does meanwhile.
    Thread.sleep(forTimeInterval: 2)
    #expect(reading.state.withLock { $0.flaws == [] })
    #expect(consumer.close(within: 20))
    // librdkafka 2.0.2 never comes back from the destruction of a client whose topic went away; the daemon ends without one.
    Self.kept.withLock { $0.append(consumer) }
  }

  @Test(arguments: [
    (0x0200_02FF as Int32, false), (0x020F_00FF, false), (0x0210_0000, true), (0x0210_00FF, true), (0x0300_00FF, true),
  ])
  func `partitions that stay are left alone from the first version that was seen to be exact`(
    _ version: Int32, _ isCooperative: Bool
  ) {
    #expect(KafkaLibrary.isCooperative(version) == isCooperative)
  }
}
