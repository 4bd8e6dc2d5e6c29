/// Carries out the lines that come in on the broker's standard input, and answers each with one line.
///
/// Bytes come in pieces of any size; a line longer than `lineBytesMax` is refused as a whole.
struct BrokerConsole {
  static let lineBytesMax = 4096

  private var line: [UInt8] = []
  private var isTooLong = false

  /// Takes what was read, and answers each whole line before it looks at the next, so that nobody waits for an answer to
  /// the lines behind. True once a line was `quit`, behind which nothing is looked at.
  mutating func take(_ bytes: ArraySlice<UInt8>, for broker: MockBroker, answer: ([UInt8]) -> Void) -> Bool {
    for byte in bytes {
      if byte != 10 {
        if line.count < Self.lineBytesMax { line.append(byte) } else { isTooLong = true }
        continue
      }
      let (text, isEnd) = self.answer(for: broker)
      answer(Array((text + "\n").utf8))
      line.removeAll(keepingCapacity: true)
      isTooLong = false
      if isEnd { return true }
    }
    return false
  }

  private func answer(for broker: MockBroker) -> (line: String, isEnd: Bool) {
    if isTooLong { return ("error: the line is too long (at most \(Self.lineBytesMax) bytes); send less", false) }
    do throws(LabError) {
      let command = try BrokerCommand(line: String(decoding: line, as: UTF8.self))
      if command == .help { return ("ok \(BrokerCommand.summary)", false) }
      try carryOut(command, on: broker)
      return ("ok", command == .quit)
    } catch {
      return ("error: \(Self.onOneLine(error.description))", false)
    }
  }

  private func carryOut(_ command: BrokerCommand, on broker: MockBroker) throws(LabError) {
    switch command {
    case .error(let key, let error, let count): broker.pushErrors(error, for: key, count: count)
    case .clear(let key): broker.clearErrors(for: key)
    case .rtt(let id, let ms): try broker.setRoundTrip(ms: ms, broker: id)
    case .down(let id): try broker.takeDown(broker: id)
    case .up(let id): try broker.bringUp(broker: id)
    case .leader(let topic, let partition, let id):
      try broker.setLeader(topic: topic, partition: partition, broker: id)
    case .follower(let topic, let partition, let id):
      try broker.setFollower(topic: topic, partition: partition, broker: id)
    case .topic(let name, let partitions): try broker.createTopic(name, partitions: partitions)
    case .topicError(let topic, let error): try broker.setError(error, topic: topic)
    case .watermarks(let topic, let partition, let low, let high):
      try broker.setFollowerWatermarks(topic: topic, partition: partition, low: low, high: high)
    case .coordinator(let group, let id): try broker.setCoordinator(group: group, broker: id)
    case .help, .quit: break
    }
  }

  /// A command is quoted back; its control characters must not make a second line.
  private static func onOneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
  }
}
