import Glibc
import MeterConfig
import MeterModel

private let config = Program.Option(
  "config", value: "FILE", "the configuration; by default the file that $METERD_CONFIG names")
private let json = Program.Option("json", "one JSON object a line")
private let halted = [
  config, Program.Option("topic", value: "T", "the topic of the partition", isRequired: true),
  Program.Option("partition", value: "N", "its number", isRequired: true),
  Program.Option("yes", "does not ask for a confirmation"),
]
private let whichEvents = [
  Program.Option("reason", value: "R", "events held for this reason, such as bad_value"),
  .init("topic", value: "T", "events of this topic"), .init("partition", value: "N", "events of the partition N"),
]
private let orderedEvents =
  whichEvents + [.init("all", "all that are held"), .init("yes", "does not ask for a confirmation")]

/// Everything `meterd` can be told.
let commands = Program(
  "meterd", "counts usage events from Kafka exactly once into PostgreSQL",
  commands: [
    .init(
      "run", "the daemon, in the foreground, until SIGTERM or SIGINT; SIGHUP re-reads what can change live",
      options: [config]),
    .init(
      "check", "validates the configuration",
      options: [config, .init("connect", "also reaches Kafka and PostgreSQL and says what it found")]),
    .init("migrate", "brings the schema meterd to this build's version; safe to run twice", options: [config]),
    .init(
      "apply", "makes the catalog so: prints a plan of what changes, then does it in one transaction",
      options: [config, .init("dry-run", "prints the plan only")],
      positionals: [.init("CATALOG.yaml", "the catalog file")]),
    .init(
      "usage", "usage by tenant, meter, dimensions and window",
      options: [
        config, .init("tenant", value: "T", "only this tenant"), .init("meter", value: "M", "only this meter"),
        .init("from", value: "TIME", "windows that start at this instant or later"),
        .init("to", value: "TIME", "windows that start before this instant"),
        .init("total", "one row for each tenant and meter"), json,
      ]),
    .init(
      "limits", "what tenants have used of what their plans limit in the present periods, and when it will be reached",
      options: [
        config, .init("tenant", value: "T", "only this tenant"), .init("meter", value: "M", "only this meter"), json,
      ]),
    .init(
      "tail", "follows limit events, until Ctrl-C",
      options: [
        config, .init("tenant", value: "T", "only this tenant"),
        .init("kind", value: "K", "only warning, limit, exceeded, overage, recovered or trial"),
        .init("since", value: "TIME", "begins with what was told at this instant or later"),
        .init("count", value: "N", "ends after so many"), json,
      ]),
    .init(
      "partition list", "halted partitions: cursor, epoch, owner, and why they are halted",
      options: [
        config, .init("topic", value: "T", "only this topic"), .init("all", "also those that are not halted"), json,
      ]),
    .init(
      "partition resume", "lets a halted partition go on from its cursor; its owner picks it up within two seconds",
      options: halted),
    .init(
      "partition reset",
      "lets a halted partition go on from another offset; what it passes over is never counted",
      options: halted + [.init("offset", value: "N", "the first offset to be counted", isRequired: true)]),
    .init(
      "quarantine list", "events that could not be counted, and why",
      options: [config] + whichEvents + [
        .init("state", value: "S", "held (the default), replayed, discarded or all"),
        .init("limit", value: "N", "at most so many (1000)"), json,
      ]),
    .init(
      "quarantine show", "one of them, with its bytes and headers",
      options: [config, json], positionals: [.init("ID", "its id, see 'meterd quarantine list'")]),
    .init(
      "quarantine replay",
      "counts them again, at their own offset and time, under the meters of now; the daemon that owns their partition does it, once",
      options: [config] + orderedEvents + [.init("wait", value: "TIME", "for the outcome (10s)"), json],
      positionals: [.init("ID", "their ids", isRequired: false, isRepeatable: true)]),
    .init(
      "quarantine discard", "lays them aside for good; they are kept, and never counted",
      options: [config] + orderedEvents + [json],
      positionals: [.init("ID", "their ids", isRequired: false, isRepeatable: true)]),
    .init(
      "verify",
      "adds up everything that must add up and prints each difference; exits with 0 only when there is none, else with 70",
      options: [config, json]),
    .init("version", "version, build and linked libraries"),
  ])

/// One line on stderr, whatever went wrong.
func complain(_ complaint: Complaint) {
  let line = Array("\(complaint.description)\n".utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

extension Arguments {
  /// Where complaints about this command are placed.
  var here: String { "meterd \(command)" }

  /// The configuration that `--config` or `$METERD_CONFIG` names.
  func settings() throws(Complaint) -> Settings { try Settings.load(file: try configurationPath()) }

  func configurationPath() throws(Complaint) -> String {
    if let path = text("config") { return path }
    if let path = unsafe getenv("METERD_CONFIG").map({ unsafe String(cString: $0) }), !path.isEmpty { return path }
    throw Complaint(
      .usage, at: "meterd \(command)", "no configuration was named", remedy: "give --config FILE, or set METERD_CONFIG")
  }
}
