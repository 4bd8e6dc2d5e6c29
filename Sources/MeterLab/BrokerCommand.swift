import CRdkafka

/// One line on the broker's standard input: a fault to inject, or the end.
enum BrokerCommand: Equatable {
  case error(ApiKey, rd_kafka_resp_err_t, count: Int)
  case clear(ApiKey)
  case rtt(broker: Int32, ms: Int)
  case down(broker: Int32)
  case up(broker: Int32)
  case leader(topic: String, partition: Int32, broker: Int32)
  case follower(topic: String, partition: Int32, broker: Int32)
  case topic(String, partitions: Int)
  case topicError(String, rd_kafka_resp_err_t)
  case watermarks(topic: String, partition: Int32, low: Int64, high: Int64)
  case coordinator(group: String, broker: Int32)
  case help
  case quit

  static let errorsMax = 10_000
  static let rttMsMax = 600_000

  /// What `help` answers, on one line.
  static let summary =
    "error <ApiKey> <error> [count] | clear <ApiKey> | rtt <broker> <ms> | down <broker> | up <broker> | "
    + "leader <topic> <partition> <broker> | follower <topic> <partition> <broker> | topic <name> <partitions> | "
    + "topic-error <topic> <error> | watermarks <topic> <partition> <low> <high> | coordinator <group> <broker> | "
    + "help | quit"

  init(line: String) throws(LabError) {
    var words = Words(line)
    let verb = words.verb
    switch verb {
    case "error":
      let key = try words.apiKey()
      let error = try words.error()
      self = .error(key, error, count: try words.isDone ? 1 : words.number("count", 1...Self.errorsMax))
    case "clear": self = .clear(try words.apiKey())
    case "rtt": self = .rtt(broker: try words.broker(), ms: try words.number("ms", 0...Self.rttMsMax))
    case "down": self = .down(broker: try words.broker())
    case "up": self = .up(broker: try words.broker())
    case "leader":
      self = .leader(topic: try words.word("topic"), partition: try words.partition(), broker: try words.broker())
    case "follower":
      self = .follower(topic: try words.word("topic"), partition: try words.partition(), broker: try words.broker())
    case "topic":
      self = .topic(try words.word("name"), partitions: try words.number("partitions", 1...MockBroker.partitionsMax))
    case "topic-error": self = .topicError(try words.word("topic"), try words.error())
    case "watermarks":
      self = .watermarks(
        topic: try words.word("topic"), partition: try words.partition(), low: try words.number("low", -1...Int64.max),
        high: try words.number("high", -1...Int64.max))
    case "coordinator": self = .coordinator(group: try words.word("group"), broker: try words.broker())
    case "help": self = .help
    case "quit": self = .quit
    default: throw .command(problem: "'\(verb)' is not a command", remedy: "send help for the list")
    }
    try words.finish()
  }

  /// The words of a line, taken one by one.
  private struct Words {
    let verb: String
    private var rest: ArraySlice<Substring>

    init(_ line: String) {
      let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
      verb = words.first.map(String.init) ?? ""
      rest = words.dropFirst()
    }

    var isDone: Bool { rest.isEmpty }

    mutating func word(_ name: String) throws(LabError) -> String {
      guard let word = rest.popFirst() else {
        throw .command(problem: "\(verb): <\(name)> is missing", remedy: "send help for the list")
      }
      return String(word)
    }

    mutating func number<Number: FixedWidthInteger>(
      _ name: String, _ bounds: ClosedRange<Number>
    ) throws(LabError) -> Number {
      let word = try word(name)
      guard let number = Number(word), bounds.contains(number) else {
        throw .command(
          problem: "\(verb): <\(name)> is out of bounds ('\(word)'; \(bounds.lowerBound) to \(bounds.upperBound))",
          remedy: "give a number within them")
      }
      return number
    }

    /// -1 stands for every broker, and in `leader` for none.
    mutating func broker() throws(LabError) -> Int32 { try number("broker", -1...Int32.max) }

    mutating func partition() throws(LabError) -> Int32 { try number("partition", 0...Int32.max) }

    mutating func apiKey() throws(LabError) -> ApiKey {
      let word = try word("ApiKey")
      if let key = ApiKey(text: word) { return key }
      let names = ApiKey.named.map(\.name).joined(separator: ", ")
      throw .command(problem: "\(verb): '\(word)' is not a request", remedy: "use a number or one of \(names)")
    }

    /// A name of librdkafka's, as `NOT_LEADER_FOR_PARTITION`, or a code.
    mutating func error() throws(LabError) -> rd_kafka_resp_err_t {
      let word = try word("error")
      if let error = rd_kafka_resp_err_t(text: word) { return error }
      throw .command(
        problem: "\(verb): '\(word)' is not an error", remedy: "use a code or a name such as NOT_LEADER_FOR_PARTITION")
    }

    func finish() throws(LabError) {
      if let word = rest.first {
        throw .command(problem: "\(verb): '\(word)' is too much", remedy: "send help for the list")
      }
    }
  }
}

extension rd_kafka_resp_err_t {
  /// Reads a name, in any case and with or without librdkafka's prefix, or a code that librdkafka knows.
  init?(text: String) {
    var wanted = text.uppercased()
    let prefix = "RD_KAFKA_RESP_ERR_"
    if wanted.hasPrefix(prefix) { wanted.removeFirst(prefix.count) }
    var table: UnsafePointer<rd_kafka_err_desc>?
    var count = 0
    unsafe rd_kafka_get_err_descs(&table, &count)
    let code = Int32(text)
    let known = unsafe UnsafeBufferPointer(start: table, count: count)
    for place in 0..<known.count {
      let entry = unsafe known[place]
      // Codes between the client's own and the protocol's have no name and are nothing.
      guard let name = unsafe entry.name else { continue }
      let isMeant = if let code { unsafe entry.code.rawValue == code } else { unsafe String(cString: name) == wanted }
      if isMeant {
        self = unsafe entry.code
        return
      }
    }
    return nil
  }
}
