/// What a program can be told on its command line: the one table that its reader and its help are made from.
public struct Program: Sendable {
  public struct Option: Sendable {
    /// Without the dashes.
    public var name: String
    /// The word that stands for the value in help, such as `FILE`; nil makes it a flag.
    public var value: String?
    public var summary: String
    public var isRequired: Bool
    public var isRepeatable: Bool

    public init(
      _ name: String, value: String? = nil, _ summary: String, isRequired: Bool = false, isRepeatable: Bool = false
    ) {
      self.name = name
      self.value = value
      self.summary = summary
      self.isRequired = isRequired
      self.isRepeatable = isRepeatable
    }
  }

  public struct Positional: Sendable {
    /// The word that stands for it in help, such as `CATALOG.yaml`.
    public var name: String
    public var summary: String
    public var isRequired: Bool
    /// Takes all that come; only the last may.
    public var isRepeatable: Bool

    public init(_ name: String, _ summary: String, isRequired: Bool = true, isRepeatable: Bool = false) {
      self.name = name
      self.summary = summary
      self.isRequired = isRequired
      self.isRepeatable = isRepeatable
    }
  }

  public struct Command: Sendable {
    /// One word, or two for a command of a group: `quarantine list`.
    public var name: String
    public var summary: String
    public var options: [Option]
    public var positionals: [Positional]

    public init(_ name: String, _ summary: String, options: [Option] = [], positionals: [Positional] = []) {
      self.name = name
      self.summary = summary
      self.options = options
      self.positionals = positionals
    }
  }

  public var name: String
  public var summary: String
  public var commands: [Command]

  public init(_ name: String, _ summary: String, commands: [Command]) {
    self.name = name
    self.summary = summary
    self.commands = commands
  }
}

extension Program {
  private static let width = 80

  /// The help of the whole program, or of a group of commands when `group` names its first word.
  public func help(group: String? = nil) -> String {
    let listed = commands.filter { group == nil || $0.name == group || $0.name.hasPrefix("\(group ?? "") ") }
    let usage = "usage: \(name) \(group.map { "\($0) " } ?? "")COMMAND [OPTIONS]\n"
    let heading = group == nil ? Self.wrapped(summary, indent: 0) + "\n" : ""
    return heading + usage + "\ncommands:\n" + Self.columns(listed.map { ($0.name, $0.summary) })
      + "\n" + Self.wrapped("'\(name) COMMAND --help' explains one of them.", indent: 0)
  }

  /// The help of one command.
  public func help(for command: Command) -> String {
    var words = ["usage: \(name) \(command.name)"]
    for option in command.options {
      let form = Self.form(option)
      words.append((option.isRequired ? form : "[\(form)]") + (option.isRepeatable ? "…" : ""))
    }
    words += command.positionals.map { ($0.isRequired ? $0.name : "[\($0.name)]") + ($0.isRepeatable ? "…" : "") }
    var text = Self.wrapped(command.summary, indent: 0) + "\n" + Self.wrapped(words, first: 0, indent: 7)
    if !command.positionals.isEmpty {
      text += "\narguments:\n" + Self.columns(command.positionals.map { ($0.name, $0.summary) })
    }
    text += "\noptions:\n"
    text += Self.columns(command.options.map { (Self.form($0), $0.summary) } + [("--help", "show this help")])
    return text
  }

  private static func form(_ option: Option) -> String { "--\(option.name)" + (option.value.map { " \($0)" } ?? "") }

  /// Two columns; a name too long for the first has its summary on the lines below.
  private static func columns(_ rows: [(name: String, summary: String)]) -> String {
    let widest = min(24, rows.map(\.name.unicodeScalars.count).max() ?? 0)
    return rows.map { row in
      let count = row.name.unicodeScalars.count
      let indent = widest + 4
      let body = wrapped(row.summary, indent: indent)
      if count > widest { return "  \(row.name)\n" + body }
      return "  " + row.name + String(repeating: " ", count: widest - count + 2)
        + String(body.unicodeScalars.dropFirst(indent))
    }.joined()
  }

  private static func wrapped(_ text: String, indent: Int) -> String {
    wrapped(text.split(separator: " ").map(String.init), first: indent, indent: indent)
  }

  private static func wrapped(_ words: [String], first: Int, indent: Int) -> String {
    var text = ""
    var line = String(repeating: " ", count: first)
    var isEmpty = true
    for word in words {
      if !isEmpty, line.unicodeScalars.count + 1 + word.unicodeScalars.count > width {
        text += line + "\n"
        line = String(repeating: " ", count: indent)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return text + line + "\n"
  }
}
