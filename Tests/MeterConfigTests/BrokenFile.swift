import Testing

/// A file with one fault, and the whole line that its reader says about it.
struct BrokenFile: Sendable, CustomTestStringConvertible {
  /// What stands before the lines of the case, so that they alone are wrong.
  enum Preamble: String, Sendable {
    case required = """
      kafka: { brokers: "127.0.0.1:9092" }
      postgres: { url: postgresql://meterd@db/meterd }

      """
    case kafka = """
      postgres: { url: postgresql:///m }
      kafka:
        brokers: a:9092

      """
    case postgres = """
      kafka: { brokers: "a:9092" }
      postgres:

      """
    case nothing = ""
  }

  let name: String
  let text: String
  let says: String

  init(_ name: String, after preamble: Preamble = .required, _ yaml: String, says: String) {
    self.name = name
    text = preamble.rawValue + yaml + "\n"
    self.says = says
  }

  var testDescription: String { name }
  var bytes: [UInt8] { Array(text.utf8) }
}
