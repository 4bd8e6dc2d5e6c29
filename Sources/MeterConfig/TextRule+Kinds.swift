extension TextRule {
  /// What Kafka takes for a topic's name. A name that begins with `^` would be a pattern to librdkafka; its grammar
  /// excludes it.
  static let topic = TextRule(expects: "a topic name of 1 to 249 letters, digits, '.', '_' or '-'", accepts: isTopic)

  static let topicOrNone = TextRule(
    expects: "empty, or a topic name of 1 to 249 letters, digits, '.', '_' or '-'",
    accepts: { $0.isEmpty || isTopic($0) })

  static let group = TextRule(
    expects: "a text of 1 to 249 bytes without control characters",
    accepts: { (1...249).contains($0.utf8.count) && !holdsControlCharacter($0) })

  static let instance = TextRule(
    expects: "empty, or 1 to 249 letters, digits, '.', '_' or '-'", accepts: { $0.isEmpty || isTopic($0) })

  static let brokers = TextRule(
    expects: "HOST:PORT, several with commas, up to 4096 bytes",
    accepts: { text in
      text.utf8.count <= 4096
        && text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { isBroker($0) }
    })

  /// Only what could never be a connection string is refused here; the rest is libpq's to judge.
  static let postgres = TextRule(
    expects: "a postgresql:// or postgres:// URL or a key=value connection string, up to 4096 bytes",
    accepts: { text in
      guard text.utf8.count <= 4096, !holdsControlCharacter(text) else { return false }
      if text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") { return true }
      guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return false }
      let word = text[..<equals].split(separator: " ", omittingEmptySubsequences: true)
      return word.count == 1 && word[0].utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    })

  @Sendable private static func isTopic(_ name: String) -> Bool {
    (1...249).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
  }

  private static func isBroker(_ text: Substring) -> Bool {
    let trimmed = text.drop { $0 == " " }
    guard let address = ListenAddress(text: String(trimmed)) else { return false }
    return address.port > 0
  }
}
