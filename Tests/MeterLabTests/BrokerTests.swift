import CRdkafka
import Foundation
import TestTopics
import Testing

@testable import MeterLab

@Suite(.serialized) struct BrokerTests {
  /// `BrokerProgram` spoken to as a shell would.
  private final class Session {
    private let input = Pipe()
    private let output = Pipe()
    private let program: ProgramThread

    init(_ topics: [(name: String, partitions: Int)]) {
      var options = BrokerOptions()
      options.topics = topics
      options.input = input.fileHandleForReading.fileDescriptor
      options.output = output.fileHandleForWriting.fileDescriptor
      let fixed = options
      program = ProgramThread { try BrokerProgram.run(fixed) }
    }

    func line() -> String {
      var bytes: [UInt8] = []
      while let byte = output.fileHandleForReading.readData(ofLength: 1).first, byte != 10 { bytes.append(byte) }
      return String(decoding: bytes, as: UTF8.self)
    }

    func say(_ line: String) throws -> String {
      try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
      return self.line()
    }

    func closeInput() throws { try input.fileHandleForWriting.close() }

    func signal(_ number: Int32) { program.signal(number) }

    func status(within seconds: Double) -> Int32? { program.status(within: seconds) }
  }

  private func load(_ servers: String, count: Int, timeoutMs: Int = 120_000) throws -> LoadSummary {
    var producer = ProducerOptions(bootstrapServers: servers, topic: "usage.events")
    producer.deliveryTimeoutMs = timeoutMs
    producer.startTimeoutMs = 120_000
    producer.isIdempotent = false
    var options = LoadOptions(target: .topic(producer))
    options.count = count
    options.showsProgress = false
    return try LoadProgram.load(options) { false }
  }

  private func servers(_ session: Session) throws -> String {
    let line = session.line()
    try #require(line.hasPrefix("bootstrap.servers=127.0.0.1:"))
    return String(line.dropFirst("bootstrap.servers=".count))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `a broker serves until a signal ends it with status 0`(_ signal: Int32) throws {
    let session = Session([("usage.events", 3)])
    let servers = try servers(session)
    #expect(try load(servers, count: 300).partitions.count == 3)
    session.signal(signal)
    #expect(session.status(within: 120) == 0)
  }

  @Test func `the end of its input does not end a broker`() throws {
    let session = Session([("usage.events", 1)])
    let servers = try servers(session)
    try session.closeInput()
    #expect(session.status(within: 0.3) == nil)
    #expect(try load(servers, count: 10).acknowledged == 10)
    session.signal(SIGTERM)
    #expect(session.status(within: 120) == 0)
  }

  @Test func `an error injected by a line fails the next requests of its kind`() throws {
    let session = Session([("usage.events", 1)])
    let servers = try servers(session)
    #expect(try session.say("error Produce TOPIC_AUTHORIZATION_FAILED") == "ok")
    let faulty = try load(servers, count: 10)
    #expect(faulty.failures == ["TOPIC_AUTHORIZATION_FAILED": faulty.failed])
    #expect(faulty.failed > 0)
    #expect(try session.say("error 0 29 5") == "ok")
    #expect(try session.say("clear produce") == "ok")
    #expect(try load(servers, count: 10).acknowledged == 10)
    #expect(try session.say("quit") == "ok")
    #expect(session.status(within: 120) == 0)
  }

  @Test func `a broker that is down takes nothing and one that is up again does`() throws {
    let session = Session([("usage.events", 1)])
    let servers = try servers(session)
    #expect(try load(servers, count: 10).acknowledged == 10)
    #expect(try session.say("rtt 1 300") == "ok")
    let slow = try load(servers, count: 1)
    #expect(slow.seconds > 0.25)
    #expect(try session.say("rtt 1 0") == "ok")
    #expect(try session.say("leader usage.events 0 -1") == "ok")
    #expect(try load(servers, count: 1, timeoutMs: 700).failed == 1)
    #expect(try session.say("leader usage.events 0 1") == "ok")
    #expect(try session.say("down 1") == "ok")
    #expect(throws: LabError.self) {
      var producer = ProducerOptions(bootstrapServers: servers, topic: "usage.events")
      producer.startTimeoutMs = 400
      _ = try Producer(producer)
    }
    #expect(try session.say("up 1") == "ok")
    #expect(try load(servers, count: 10).acknowledged == 10)
    #expect(try session.say("quit") == "ok")
  }

  @Test func `a topic error is what metadata says until it is healed`() throws {
    let session = Session([("usage.events", 1)])
    let servers = try servers(session)
    #expect(try session.say("topic-error usage.events TOPIC_AUTHORIZATION_FAILED") == "ok")
    var producer = ProducerOptions(bootstrapServers: servers, topic: "usage.events")
    producer.startTimeoutMs = 400
    let error = #expect(throws: LabError.self) { try Producer(producer) }
    #expect(error?.description.contains("TOPIC_AUTHORIZATION_FAILED") == true)
    #expect(try session.say("topic-error usage.events NO_ERROR") == "ok")
    #expect(try Producer(producer).partitions == 1)
    #expect(try session.say("quit") == "ok")
  }

  @Test func `every line gets one answer and a wrong one says what to do`() throws {
    let session = Session([("usage.events", 2)])
    _ = try servers(session)
    for line in [
      "topic other 3", "follower other 0 1", "watermarks other 0 0 10", "coordinator billing 1", "rtt -1 0",
      "  up\t1\r", "error fetch RD_KAFKA_RESP_ERR__TRANSPORT 2",
    ] { #expect(try session.say(line) == "ok", "\(line)") }
    for line in [
      "", "bogus", "error", "error Nope _TRANSPORT", "error Produce NOPE", "error Produce 29 0", "error Produce 9999",
      "rtt 1", "rtt 9 5", "rtt 1 -5", "rtt 1 5 6", "down x", "topic other 3", "topic ../x 3", "topic t 0",
      "leader usage.events 99 1", "watermarks usage.events 0 -2 0", String(repeating: "x", count: 5_000), "\u{7}\u{1}",
    ] {
      let answer = try session.say(line)
      #expect(answer.hasPrefix("error: ") && answer.contains("; "), "\(line)")
    }
    #expect(try session.say("help").hasPrefix("ok error <ApiKey>"))
    #expect(try session.say("quit") == "ok")
    #expect(session.status(within: 120) == 0)
  }

  @Test func `a signal ends a load early, with its summary and status 0`() throws {
    let broker = try MockBroker(brokers: 1, topics: [("usage.events", 1)])
    var options = LoadOptions(
      target: .topic(ProducerOptions(bootstrapServers: broker.bootstrapServers, topic: "usage.events")))
    options.rate = 500
    options.showsProgress = false
    let output = Pipe()
    options.output = output.fileHandleForWriting.fileDescriptor
    let fixed = options
    let program = ProgramThread { try LoadProgram.run(fixed) }
    // Once there is something in the log, signals are looked for.
    while try ReadBack.topic("usage.events", partitions: 1, at: broker.bootstrapServers).isEmpty {
      try #require(program.status(within: 0.1) == nil)
    }
    program.signal(SIGINT)
    #expect(program.status(within: 120) == 0)
    try output.fileHandleForWriting.close()
    let line = String(decoding: try #require(try output.fileHandleForReading.readToEnd()), as: UTF8.self)
    #expect(line.hasPrefix("sent ") && line.contains(", failed 0,") && line.hasSuffix("\n"))
  }
}
