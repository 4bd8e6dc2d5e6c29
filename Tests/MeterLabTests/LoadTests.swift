import CRdkafka
import Foundation
import TestTopics
import Testing

@testable import MeterLab

@Suite(.serialized) struct LoadTests {
  private func options(_ broker: MockBroker, count: Int, copy: String? = nil) -> LoadOptions {
    var producer = ProducerOptions(bootstrapServers: broker.bootstrapServers, topic: "usage.events")
    producer.compression = .lz4
    producer.deliveryTimeoutMs = 120_000
    producer.startTimeoutMs = 120_000
    var options = LoadOptions(target: .topic(producer))
    options.count = count
    options.copy = copy
    options.showsProgress = false
    options.stream.duplicateShare = 0.05
    options.stream.lateShare = 0.05
    options.stream.malformedShare = 0.1
    return options
  }

  private func expectCopy(_ path: String, equals broker: MockBroker, partitions: Int32, count: Int) throws {
    let copy = try CopyFile(path: path)
    let log = try ReadBack.topic("usage.events", partitions: partitions, at: broker.bootstrapServers)
    #expect(copy.records.count == count)
    #expect(copy.isInOffsetOrder)
    #expect(log.count == count)
    let differences = copy.records.count { log[$0.key] != $0.value }
    #expect(differences == 0)
  }

  @Test(arguments: ProducerOptions.Compression.allCases, [true, false])
  func `a copy holds what a consumer reads, at the same offsets`(
    _ compression: ProducerOptions.Compression, _ isIdempotent: Bool
  ) throws {
    let broker = try MockBroker(brokers: 2, topics: [("usage.events", 5)])
    let path = CopyFile.freshPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var options = options(broker, count: 5_000, copy: path)
    guard case .topic(var producer) = options.target else { return }
    producer.compression = compression
    producer.isIdempotent = isIdempotent
    options.target = .topic(producer)
    let summary = try LoadProgram.load(options) { false }
    #expect(summary.sent == 5_000)
    #expect(summary.acknowledged == 5_000)
    #expect(summary.failed == 0)
    #expect(summary.partitions.count == 5)
    #expect(summary.partitions.reduce(0, +) == 5_000)
    try expectCopy(path, equals: broker, partitions: 5, count: 5_000)
  }

  @Test func `a tenant is on the partition where a file would have it`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 6)])
    _ = try LoadProgram.load(options(broker, count: 2_000)) { false }
    for (place, record) in try ReadBack.topic("usage.events", partitions: 6, at: broker.bootstrapServers) {
      #expect(Int(place.partition) == Murmur2.partition(of: record.key ?? [], among: 6))
    }
  }

  @Test func `retries leave no gap and no disorder in a copy`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 3)])
    broker.pushErrors(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, for: ApiKey(number: 0), count: 3)
    let path = CopyFile.freshPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let summary = try LoadProgram.load(options(broker, count: 3_000, copy: path)) { false }
    #expect(summary.acknowledged == 3_000)
    try expectCopy(path, equals: broker, partitions: 3, count: 3_000)
  }

  @Test func `a record that Kafka refuses is counted as failed under its reason`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 1)])
    broker.pushErrors(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, for: ApiKey(number: 0), count: 1)
    var options = options(broker, count: 100)
    let output = Pipe()
    options.output = output.fileHandleForWriting.fileDescriptor
    options.summaryAsJSON = true
    #expect(try LoadProgram.run(options) == 69)
    try output.fileHandleForWriting.close()
    let text = try #require(try output.fileHandleForReading.readToEnd())
    let object = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
    let failed = try #require(object["failed"] as? Int)
    #expect(failed > 0)
    #expect(failed + (try #require(object["acknowledged"] as? Int)) == 100)
    #expect((object["failures"] as? [String: Int])?["TOPIC_AUTHORIZATION_FAILED"] == failed)
  }

  /// How many of a single batch of records were told to be without an offset, and how many are in the copy, where the broker says
  /// that it had the batch before.
  private func loadAlreadyThere(count: Int) throws -> (unplaced: Int, copied: Int) {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 1)])
    broker.pushErrors(RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, for: ApiKey(number: 0), count: 1)
    let path = CopyFile.freshPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var options = options(broker, count: count, copy: path)
    guard case .topic(var producer) = options.target else { return (0, 0) }
    // So long that all of them are made before the first is sent.
    producer.properties = [("linger.ms", "5000")]
    options.target = .topic(producer)
    let summary = try LoadProgram.load(options) { false }
    #expect(summary.acknowledged == count)
    return (summary.unplaced, try CopyFile(path: path).records.count)
  }

  @Test func `an acknowledgement without an offset is told, since the copy lacks it`() throws {
    #expect(try loadAlreadyThere(count: 1) == (unplaced: 1, copied: 0))
  }

  @Test func `a batch that is acknowledged without an offset is not in the copy at all`() throws {
    let (unplaced, copied) = try loadAlreadyThere(count: 200)
    #expect(unplaced == 200)
    #expect(copied == 0)
  }

  @Test func `a load that outruns a slow broker waits and loses nothing`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 2)])
    try broker.setRoundTrip(ms: 50, broker: 1)
    var options = options(broker, count: 2_000)
    guard case .topic(var producer) = options.target else { return }
    producer.queueRecordsMax = 100
    options.target = .topic(producer)
    let summary = try LoadProgram.load(options) { false }
    #expect(summary.acknowledged == 2_000)
  }

  @Test func `a load that is told to stop waits for what it sent`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 2)])
    var options = options(broker, count: 1_000_000)
    options.rate = 2_000
    var asked = 0
    let summary = try LoadProgram.load(options) {
      asked += 1
      return asked == 100
    }
    #expect(summary.sent > 0)
    #expect(summary.sent < 1_000_000)
    #expect(summary.acknowledged == summary.sent)
  }

  @Test func `a second request to stop gives up what is not acknowledged`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 2)])
    var options = options(broker, count: 5_000)
    var asked = 0
    options.rate = nil
    let summary = try LoadProgram.load(options) {
      asked += 1
      // Everything is made by now; the broker goes away, and then patience does.
      if asked == 5 { try? broker.takeDown(broker: 1) }
      return asked == 6 || asked == 8
    }
    #expect(summary.failed > 0)
    #expect(summary.acknowledged + summary.failed == summary.sent)
  }

  @Test func `a pace that is asked when it wants to be is even to the event`() {
    var pace = Pace(rate: 1_000, nowNs: 0)
    var nowNs: Int64 = 0
    var made = 0
    while nowNs < 2_000_000_000 {
      let due = pace.due(nowNs: nowNs)
      pace.count(due)
      made += due
      #expect(abs(made - Int(nowNs / 1_000_000) - 1) <= 1)
      nowNs += pace.waitNs(nowNs: nowNs)
    }
    #expect((1_999...2_001).contains(made))
  }

  @Test func `a rate is never exceeded`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 2)])
    var options = options(broker, count: 1_000)
    options.rate = 1_000
    options.stream.malformedShare = 0
    let summary = try LoadProgram.load(options) { false }
    #expect(summary.seconds > 0.95)
    // A busy machine makes an event late; nothing makes one early, but for the two milliseconds that clocks are rounded by.
    let log = try ReadBack.topic("usage.events", partitions: 2, at: broker.bootstrapServers)
    let stamps = log.values.map(\.timestampMs).sorted()
    let first = try #require(stamps.first)
    #expect(stamps.indices.allSatisfy { stamps[$0] - first >= Int64($0) - 2 })
  }

  @Test func `a broker that is not there is a complaint and not a wait without end`() throws {
    var producer = ProducerOptions(bootstrapServers: "127.0.0.1:1", topic: "usage.events")
    producer.startTimeoutMs = 300
    var options = LoadOptions(target: .topic(producer))
    options.count = 1
    let error = #expect(throws: LabError.self) { try LoadProgram.load(options) { false } }
    #expect(error?.exitStatus == 69)
  }

  @Test func `a property that librdkafka does not know is refused by name`() throws {
    var producer = ProducerOptions(bootstrapServers: "127.0.0.1:1", topic: "usage.events")
    producer.properties = [("no.such.property", "1")]
    var options = LoadOptions(target: .topic(producer))
    options.count = 1
    let error = #expect(throws: LabError.self) { try LoadProgram.load(options) { false } }
    #expect(error?.description.contains("'no.such.property'") == true)
  }

  @Test func `a record file counts offsets from zero in each partition`() throws {
    let path = CopyFile.freshPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var options = LoadOptions(target: .file(path: path, .records(partitions: 4)))
    options.count = 3_000
    options.clock = .stream
    options.showsProgress = false
    options.stream.malformedShare = 0.2
    let summary = try LoadProgram.load(options) { false }
    let copy = try CopyFile(path: path)
    #expect(copy.isInOffsetOrder)
    #expect(copy.records.count == 3_000)
    for (partition, count) in summary.partitions.enumerated() {
      let offsets = copy.records.keys.filter { Int($0.partition) == partition }.map(\.offset)
      #expect(offsets.sorted() == (0..<Int64(count)).map { $0 })
    }
  }

  @Test func `an event file is the stream's values line by line`() throws {
    let path = CopyFile.freshPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var options = LoadOptions(target: .file(path: path, .events))
    options.count = 500
    options.clock = .stream
    options.showsProgress = false
    options.stream.malformedShare = 0.2
    _ = try LoadProgram.load(options) { false }
    var stream = try EventStream(options.stream)
    var expected: [UInt8] = []
    var record = GeneratedRecord()
    for _ in 0..<500 {
      stream.next(into: &record)
      expected += record.value + [10]
    }
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == expected)
  }

  @Test func `a file without an end is refused`() {
    #expect(throws: LabError.self) {
      try LoadProgram.load(LoadOptions(target: .file(path: CopyFile.freshPath(), .events))) { false }
    }
  }

  @Test func `a pace that fell behind catches up by one second at most`() {
    var pace = Pace(rate: 100, nowNs: 0)
    #expect(pace.due(nowNs: 0) == 1)
    pace.count(1)
    #expect(pace.due(nowNs: 5_000_000) == 0)
    #expect(pace.waitNs(nowNs: 5_000_000) == 5_000_000)
    #expect(pace.due(nowNs: 10_000_000) == 1)
    #expect(pace.due(nowNs: 60_000_000_000) <= 101)
  }

  @Test func `a summary is one line whose numbers are exact`() {
    let summary = LoadSummary(
      sent: 10, acknowledged: 8, failed: 2, duplicates: 1, late: 2, malformed: 3, seconds: 2, partitions: [5, 3],
      failures: ["_MSG_TIMED_OUT": 2])
    #expect(
      summary.json
        == #"{"sent":10,"acknowledged":8,"failed":2,"duplicates":1,"late":2,"malformed":3,"seconds":2.000,"rate":4.000,"#
        + #""partitions":[5,3],"failures":{"_MSG_TIMED_OUT":2},"unplaced":0}"#)
    #expect(
      summary.line
        == "sent 10, acknowledged 8, failed 2, duplicates 1, late 2, malformed 3, seconds 2.000, rate 4/s, partitions "
        + "0:5 1:3, failures _MSG_TIMED_OUT:2")
  }
}
