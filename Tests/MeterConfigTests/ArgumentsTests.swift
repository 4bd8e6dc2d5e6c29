import MeterModel
import Testing

@testable import MeterConfig

@Suite struct ArgumentsTests {
  private let program = Program(
    "meterd", "Counts usage events from Kafka exactly once and commits what it counted to PostgreSQL.",
    commands: [
      .init(
        "run", "Runs the daemon in the foreground.", options: [.init("config", value: "FILE", "The configuration.")]),
      .init(
        "apply", "Makes the catalog so.",
        options: [
          .init("config", value: "FILE", "The configuration.", isRequired: true),
          .init("dry-run", "Prints the plan and changes nothing."),
          .init("only", value: "METER", "Looks at this meter alone; may be given several times.", isRepeatable: true),
          .init("limit", value: "N", "At most so many."),
          .init("wait", value: "TIME", "How long to wait for the database before giving up, as a duration."),
          .init("size", value: "SIZE", "A size."),
          .init("format", value: "FORMAT", "A format."),
        ], positionals: [.init("CATALOG.yaml", "The catalog."), .init("OUTPUT", "A file.", isRequired: false)]),
      .init("quarantine list", "Lists what waits for a person."),
      .init("quarantine show", "Shows one of them.", positionals: [.init("ID", "Which.")]),
      .init("version", "Prints versions."),
    ])

  private func read(_ words: String...) throws -> Arguments {
    guard case .run(let arguments) = try Arguments.read(words, for: program) else {
      throw Complaint(.bug, at: "test", "help came", remedy: "look")
    }
    return arguments
  }

  private func help(_ words: String...) throws -> String? {
    guard case .help(let text) = try Arguments.read(words, for: program) else { return nil }
    return text
  }

  @Test func `options come in both spellings, anywhere, and as often as they may`() throws {
    let arguments = try read("apply", "--only", "a", "c.yaml", "--config=f=g.yaml", "--dry-run", "--only=b", "-")
    #expect(arguments.command == "apply")
    #expect(arguments.text("config") == "f=g.yaml")
    #expect(arguments.has("dry-run"))
    #expect(!arguments.has("limit"))
    #expect(arguments.text("limit") == nil)
    #expect(arguments.texts("only") == ["a", "b"])
    #expect(arguments.positionals == ["c.yaml", "-"])
  }

  @Test func `what stands behind two dashes is no option`() throws {
    #expect(try read("apply", "--config", "f", "--", "--dry-run").positionals == ["--dry-run"])
    #expect(try read("apply", "--config=--odd", "c").text("config") == "--odd")
    #expect(try read("apply", "--config", "-", "c").text("config") == "-")
  }

  @Test func `a command may have two words`() throws {
    #expect(try read("quarantine", "list").command == "quarantine list")
    #expect(try read("quarantine", "show", "7").positionals == ["7"])
  }

  @Test func `values are typed and bounded`() throws {
    let arguments = try read(
      "apply", "--config=f", "c", "--limit", "10", "--wait", "250ms", "--size", "4KiB", "--format", "text")
    #expect(try arguments.integer("limit", in: 1...10) == 10)
    #expect(try arguments.duration("wait", in: .milliseconds(1) ... .seconds(1)) == .milliseconds(250))
    #expect(try arguments.size("size", in: .kibibytes(1) ... .mebibytes(1)) == .kibibytes(4))
    #expect(try arguments.choice("format", of: Settings.LogFormat.self) == .text)
    let none = try read("run")
    #expect(try none.integer("limit", in: 1...10) == nil)
    let complaint = #expect(throws: Complaint.self) { try arguments.integer("limit", in: 1...9) }
    #expect(complaint?.status == .usage)
    #expect(
      complaint?.description
        == "meterd apply: '--limit' has a wrong value ('10'; it takes an integer from 1 to 9); correct it")
    #expect(throws: Complaint.self) { try arguments.duration("wait", in: .seconds(1) ... .seconds(2)) }
    #expect(throws: Complaint.self) { try arguments.size("wait", in: .kibibytes(1) ... .mebibytes(1)) }
    #expect(
      #expect(throws: Complaint.self) { try arguments.choice("wait", of: Settings.LogFormat.self) }?.problem
        == "'--wait' has a wrong value ('250ms'; it takes json or text)")
  }

  @Test(arguments: [
    ([], "meterd: no command was given; see 'meterd --help'"),
    (["rnu"], "meterd: unknown command 'rnu'; did you mean 'meterd run'?"),
    (["quarantin"], "meterd: unknown command 'quarantin'; did you mean 'meterd quarantine'?"),
    (["frobnicate"], "meterd: unknown command 'frobnicate'; see 'meterd --help'"),
    (["--version"], "meterd: unknown option '--version'; did you mean 'meterd version'?"),
    (["--config", "f", "run"], "meterd: unknown option '--config'; see 'meterd --help'"),
    (["quarantine"], "meterd quarantine: no command was given; it takes list or show"),
    (["quarantine", "lst"], "meterd quarantine: unknown command 'lst'; did you mean 'meterd quarantine list'?"),
    (["run", "--confg", "f"], "meterd run: unknown option '--confg'; did you mean '--config'?"),
    (["run", "--confg=f"], "meterd run: unknown option '--confg'; did you mean '--config'?"),
    (["run", "-c", "f"], "meterd run: unknown option '-c'; see 'meterd run --help'"),
    (["run", "--config"], "meterd run: '--config' has no value; write '--config FILE'"),
    (["run", "--config="], "meterd run: '--config' has no value; write '--config FILE'"),
    (["run", "--config", "--help"], "meterd run: '--config' has no value; write '--config FILE'"),
    (["run", "--config", "a", "--config", "b"], "meterd run: '--config' comes twice; keep one of them"),
    (["run", "now"], "meterd run: unexpected argument 'now'; see 'meterd run --help'"),
    (["apply", "c.yaml"], "meterd apply: '--config' is missing; write '--config FILE'"),
    (["apply", "--config", "f"], "meterd apply: CATALOG.yaml is missing; see 'meterd apply --help'"),
    (["apply", "--config", "f", "--dry-run=yes", "c"], "meterd apply: '--dry-run' takes no value ('yes'); remove it"),
    (["quarantine", "show"], "meterd quarantine show: ID is missing; see 'meterd quarantine show --help'"),
  ])
  func `a wrong command line ends with status 64 and one line`(_ words: [String], _ says: String) {
    let complaint = #expect(throws: Complaint.self) { try Arguments.read(words, for: program) }
    #expect(complaint?.status == .usage)
    #expect(complaint?.description == says)
  }

  @Test func `help of the program lists its commands`() throws {
    let text = """
      Counts usage events from Kafka exactly once and commits what it counted to
      PostgreSQL.

      usage: meterd COMMAND [OPTIONS]

      commands:
        run              Runs the daemon in the foreground.
        apply            Makes the catalog so.
        quarantine list  Lists what waits for a person.
        quarantine show  Shows one of them.
        version          Prints versions.

      'meterd COMMAND --help' explains one of them.

      """
    #expect(try help("--help") == text)
    #expect(try help("-h") == text)
  }

  @Test func `help of a group lists its commands alone`() throws {
    let text = try #require(try help("quarantine", "--help"))
    #expect(text.hasPrefix("usage: meterd quarantine COMMAND"))
    #expect(text.contains("quarantine show") && !text.contains("apply"))
  }

  @Test func `help of a command shows all it takes, within 80 columns`() throws {
    let text = """
      Makes the catalog so.

      usage: meterd apply --config FILE [--dry-run] [--only METER]… [--limit N]
             [--wait TIME] [--size SIZE] [--format FORMAT] CATALOG.yaml [OUTPUT]

      arguments:
        CATALOG.yaml  The catalog.
        OUTPUT        A file.

      options:
        --config FILE    The configuration.
        --dry-run        Prints the plan and changes nothing.
        --only METER     Looks at this meter alone; may be given several times.
        --limit N        At most so many.
        --wait TIME      How long to wait for the database before giving up, as a
                         duration.
        --size SIZE      A size.
        --format FORMAT  A format.
        --help           show this help

      """
    #expect(try help("apply", "--help") == text)
    #expect(try help("apply", "c.yaml", "--dry-run", "-h") == text)
    #expect(text.split(separator: "\n").allSatisfy { $0.unicodeScalars.count <= 80 })
  }
}
