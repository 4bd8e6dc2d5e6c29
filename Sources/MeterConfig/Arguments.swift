import MeterModel

/// A command line, read: which command, and what it was told.
public struct Arguments: Sendable {
  public enum Outcome: Sendable {
    case run(Arguments)
    /// Help was asked for: print this and end with status 0.
    case help(String)
  }

  /// The name of the command, `run` or `quarantine list`.
  public let command: String
  /// Where complaints about it are placed: `meterd run`.
  let place: String
  fileprivate(set) var values: [String: [String]] = [:]
  fileprivate(set) public var positionals: [String] = []

  fileprivate init(command: String, place: String) {
    self.command = command
    self.place = place
  }

  /// Whether a flag or option was given.
  public func has(_ name: String) -> Bool { values[name] != nil }

  public func text(_ name: String) -> String? { values[name]?.last }

  /// Every value of a repeatable option, in order.
  public func texts(_ name: String) -> [String] { values[name] ?? [] }

  public func integer(_ name: String, in bounds: ClosedRange<Int>) throws(Complaint) -> Int? {
    guard let text = text(name) else { return nil }
    guard let (count, unit) = splitAmount(text), unit.isEmpty, bounds.contains(count) else {
      throw wrong(name, text, "an integer from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    return count
  }

  public func duration(_ name: String, in bounds: ClosedRange<TimeSpan>) throws(Complaint) -> TimeSpan? {
    guard let text = text(name) else { return nil }
    guard let span = TimeSpan(text: text), bounds.contains(span) else {
      throw wrong(name, text, "a duration from \(bounds.lowerBound.text) to \(bounds.upperBound.text)")
    }
    return span
  }

  public func size(_ name: String, in bounds: ClosedRange<ByteSize>) throws(Complaint) -> ByteSize? {
    guard let text = text(name) else { return nil }
    guard let size = ByteSize(text: text), bounds.contains(size) else {
      throw wrong(name, text, "a size from \(bounds.lowerBound.text) to \(bounds.upperBound.text)")
    }
    return size
  }

  public func choice<Choice>(_ name: String, of type: Choice.Type) throws(Complaint) -> Choice?
  where Choice: RawRepresentable<String> & CaseIterable {
    guard let text = text(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw wrong(name, text, alternatives(Choice.allCases.map(\.rawValue)))
    }
    return choice
  }

  /// A complaint about the value of an option, for what only the command itself can judge.
  public func wrong(_ name: String, _ text: String, _ expects: String) -> Complaint {
    Complaint(
      .usage, at: place, "'--\(name)' has a wrong value (\(quoted(text)); it takes \(expects))", remedy: "correct it")
  }
}

extension Arguments {
  /// Reads `words`, which do not include the program's own name.
  public static func read(_ words: [String], for program: Program) throws(Complaint) -> Outcome {
    guard let first = words.first else {
      throw Complaint(.usage, at: program.name, "no command was given", remedy: "see '\(program.name) --help'")
    }
    if isHelp(first) { return .help(program.help()) }

    if let command = program.commands.first(where: { $0.name == first }) {
      return try read(words.dropFirst(), command, program)
    }
    let group = program.commands.filter { $0.name.hasPrefix(first + " ") }
    guard !group.isEmpty else { throw unknownCommand(first, among: program.commands.map(\.name), program, after: "") }
    guard let second = words.dropFirst().first else {
      throw Complaint(
        .usage, at: "\(program.name) \(first)", "no command was given",
        remedy: "it takes \(alternatives(group.map { String($0.name.dropFirst(first.count + 1)) }))")
    }
    if isHelp(second) { return .help(program.help(group: first)) }
    guard let command = group.first(where: { $0.name == "\(first) \(second)" }) else {
      throw unknownCommand(
        second, among: group.map { String($0.name.dropFirst(first.count + 1)) }, program, after: " \(first)")
    }
    return try read(words.dropFirst(2), command, program)
  }

  private static func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

  private static func unknownCommand(
    _ word: String, among names: [String], _ program: Program, after: String
  )
    -> Complaint
  {
    let what = word.hasPrefix("-") ? "option" : "command"
    // Of a group only its first word can be said here; `--version` is a wish for `version`.
    let firsts = names.map { $0.split(separator: " ").first.map(String.init) ?? $0 }
    let remedy =
      nearestName(to: String(word.drop { $0 == "-" }), among: firsts).map {
        "did you mean '\(program.name)\(after) \($0)'?"
      }
      ?? "see '\(program.name)\(after) --help'"
    return Complaint(.usage, at: program.name + after, "unknown \(what) \(quoted(word))", remedy: remedy)
  }

  private static func read(
    _ words: ArraySlice<String>, _ command: Program.Command, _ program: Program
  )
    throws(Complaint) -> Outcome
  {
    var reading = Arguments(command: command.name, place: "\(program.name) \(command.name)")
    let seeHelp = "see '\(program.name) \(command.name) --help'"
    func complain(_ problem: String, _ remedy: String) -> Complaint {
      Complaint(.usage, at: reading.place, problem, remedy: remedy)
    }

    var rest = words
    var takesOptions = true
    while let word = rest.popFirst() {
      if takesOptions, word == "--" {
        takesOptions = false
        continue
      }
      // A lone dash is a file's name for stdin or stdout, not an option.
      guard takesOptions, word.hasPrefix("-"), word != "-" else {
        guard reading.positionals.count < command.positionals.count || command.positionals.last?.isRepeatable == true
        else {
          throw complain("unexpected argument \(quoted(word))", seeHelp)
        }
        reading.positionals.append(word)
        continue
      }
      if isHelp(word) { return .help(program.help(for: command)) }

      let equals = word.firstIndex(of: "=")
      let dashed = String(word[..<(equals ?? word.endIndex)])
      guard dashed.hasPrefix("--"), let option = command.options.first(where: { "--\($0.name)" == dashed }) else {
        let near = nearestName(to: dashed, among: command.options.map { "--\($0.name)" } + ["--help"])
        throw complain("unknown option \(quoted(dashed))", near.map { "did you mean \(quoted($0))?" } ?? seeHelp)
      }
      var value = equals.map { String(word[word.index(after: $0)...]) }
      if let name = option.value {
        // `--config --json` forgot a value. One that really begins with dashes is written behind an equals sign.
        if value == nil, let next = rest.first, !next.hasPrefix("--") { value = rest.popFirst() }
        guard let value, !value.isEmpty else {
          throw complain("\(quoted(dashed)) has no value", "write '\(dashed) \(name)'")
        }
        guard option.isRepeatable || reading.values[option.name] == nil else {
          throw complain("\(quoted(dashed)) comes twice", "keep one of them")
        }
        reading.values[option.name, default: []].append(value)
      } else {
        guard value == nil else {
          throw complain("\(quoted(dashed)) takes no value (\(quoted(value ?? "")))", "remove it")
        }
        reading.values[option.name] = []
      }
    }

    for option in command.options where option.isRequired && reading.values[option.name] == nil {
      throw complain("'--\(option.name)' is missing", "write '--\(option.name) \(option.value ?? "")'")
    }
    if let missing = command.positionals.dropFirst(reading.positionals.count).first(where: \.isRequired) {
      throw complain("\(missing.name) is missing", seeHelp)
    }
    return .run(reading)
  }
}
