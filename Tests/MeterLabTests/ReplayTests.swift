import Foundation
import TestTopics
import Testing

@testable import MeterLab

@Suite(.serialized) struct ReplayTests {
  private struct List: RecordSource {
    var records: ArraySlice<ReplayedRecord>

    mutating func next() -> ReplayedRecord? { records.popFirst() }
  }

  private static let stamp: Int64 = 1_767_225_600_123

  private static func record(
    _ partition: Int = 0, at timestampMs: Int64 = stamp, key: [UInt8]? = nil, headers: [RecordHeader] = [],
    value: [UInt8]? = nil
  ) -> ReplayedRecord {
    ReplayedRecord(partition: partition, timestampMs: timestampMs, key: key, headers: headers, value: value)
  }

  private static let odd: [ReplayedRecord] = [
    record(),
    record(1, key: [], value: []),
    record(key: [0, 0xFF, 0xC0], value: [UInt8](0...255)),
    record(2, at: 1, key: Array("k".utf8), value: Array("\r\n\t\\N \\. \"".utf8)),
    record(at: 4_102_444_800_000, value: Array("later than what follows".utf8)),
    record(
      headers: [
        RecordHeader(name: Array("ce_id".utf8), value: Array("1".utf8)),
        RecordHeader(name: Array("x".utf8), value: nil),
        RecordHeader(name: Array("ce_id".utf8), value: []), RecordHeader(name: Array("\u{E9}".utf8), value: [0xFF, 0]),
        RecordHeader(name: [], value: [1]),
      ], value: nil),
    record(key: Array("large".utf8), value: [UInt8](repeating: 7, count: 1_500_000)),
  ]

  private func options(_ broker: MockBroker, copy: String? = nil) -> LoadOptions {
    var producer = ProducerOptions(bootstrapServers: broker.bootstrapServers, topic: "usage.events")
    producer.compression = .lz4
    producer.deliveryTimeoutMs = 120_000
    producer.startTimeoutMs = 120_000
    var options = LoadOptions(target: .topic(producer))
    options.copy = copy
    options.showsProgress = false
    return options
  }

  @Test func `whatever a record holds comes out of the topic as it went in, in its partition and in order`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 3)])
    let path = CopyFile.freshPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let summary = try LoadProgram.replay(List(records: Self.odd[...]), options(broker, copy: path)) { false }
    #expect(summary.acknowledged == Self.odd.count)
    #expect(summary.partitions == [5, 1, 1])
    let log = try ReadBack.topic("usage.events", partitions: 3, at: broker.bootstrapServers)
    for partition in 0..<3 {
      let sent = Self.odd.filter { $0.partition == partition }.map {
        ReadBack.Record(timestampMs: $0.timestampMs, key: $0.key, headers: $0.headers, value: $0.value)
      }
      let seen = log.filter { $0.key.partition == partition }.sorted { $0.key.offset < $1.key.offset }
      #expect(seen.map(\.value) == sent)
    }
    #expect(try CopyFile(path: path).records == log)
  }

  @Test func `a replay ends after its count, or with what it replays`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 1)])
    let records = (0..<2_000).map { Self.record(value: Array("\($0)".utf8)) }
    var options = options(broker)
    options.count = 700
    #expect(try LoadProgram.replay(List(records: records[...]), options) { false }.acknowledged == 700)
    options.count = 5_000
    #expect(try LoadProgram.replay(List(records: records[...]), options) { false }.acknowledged == 2_000)
    let log = try ReadBack.topic("usage.events", partitions: 1, at: broker.bootstrapServers)
    let values = log.sorted { $0.key.offset < $1.key.offset }.map(\.value.value)
    #expect(values == (records[..<700] + records).map(\.value))
  }

  @Test func `a record for a partition that is not there is counted as failed under its reason`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 1)])
    let summary = try LoadProgram.replay(
      List(records: [Self.record(1, value: [1]), Self.record(value: [2])]), options(broker)
    ) {
      false
    }
    #expect(summary.acknowledged == 1)
    #expect(summary.failed == 1)
    #expect(summary.failures == ["_UNKNOWN_PARTITION": 1])
  }

  @Test func `a replay that outruns a slow broker waits and loses nothing`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 1)])
    try broker.setRoundTrip(ms: 50, broker: 1)
    var options = options(broker)
    guard case .topic(var producer) = options.target else { return }
    producer.queueRecordsMax = 100
    options.target = .topic(producer)
    let header = RecordHeader(name: Array("n".utf8), value: [1])
    let records = (0..<2_000).map { _ in Self.record(headers: [header], value: [1]) }
    #expect(try LoadProgram.replay(List(records: records[...]), options) { false }.acknowledged == 2_000)
  }

  @Test func `a replay to a file is refused`() {
    var options = LoadOptions(target: .file(path: CopyFile.freshPath(), .events))
    options.count = 1
    let error = #expect(throws: LabError.self) { try LoadProgram.replay(List(records: []), options) { false } }
    #expect(error?.exitStatus == 64)
  }
}
