import Glibc
import MeterConfig
import MeterLab
import MeterModel

/// Everything `meterd-lab` can be told.
///
/// The table gives each argument a place of its own. So that `oracle` takes any number of files, there are as many
/// places as words; its help shows one.
func commands(for words: [String]) -> Program {
  let asksForHelp = words.contains { $0 == "--help" || $0 == "-h" }
  var table = Program(
    "meterd-lab", "for trying and measuring meterd: a test broker, a load, and an independent recount",
    commands: [broker, load, oracle])
  if !asksForHelp, words.first == "oracle" {
    let more = Program.Positional("FILE", "one more", isRequired: false)
    table.commands[2].positionals += [Program.Positional](repeating: more, count: words.count)
  }
  return table
}

/// What a command's help says below its options.
func notes(on command: String) -> String {
  switch command {
  case "broker": "\n\(BrokerProgram.help)\n"
  case "load": "\n\(LoadProgram.help)\n"
  case "oracle": "\n\(Recount.help)\n"
  default: ""
  }
}

private let broker = Program.Command(
  "broker", "an in-memory Kafka on 127.0.0.1; prints bootstrap.servers=HOST:PORT and serves until SIGTERM or SIGINT",
  options: [
    .init(
      "topic", value: "NAME:PARTITIONS", "a topic that is there from the start; by default usage.events:8",
      isRepeatable: true),
    .init("brokers", value: "N", "brokers in the cluster, 1 to \(MockBroker.brokersMax); by default 1"),
  ])

private let load = Program.Command(
  "load", "seeded, realistic CloudEvents, or the records of a file, into a topic or a file",
  options: [
    .init("brokers", value: "HOST:PORT", "where Kafka is, several with commas; this or --file"),
    .init("topic", value: "T", "the topic; by default usage.events"),
    .init("file", value: "PATH", "writes to a file in place of a topic"),
    .init(
      "format", value: "F",
      "of the file: records (NDJSON with offsets and timestamps; the default) or events (bare values, a line each)"
    ),
    .init("partitions", value: "N", "partitions that records of the file are spread over; by default 8"),
    .init(
      "from", value: "FILE", "sends the records of this record file in place of made ones; - is stdin; for a topic"),
    .init("count", value: "N", "ends after this many events"),
    .init(
      "seconds", value: "S",
      "ends after this long, a number of seconds or a duration such as 10m; with neither it runs until SIGINT"),
    .init("rate", value: "N", "events a second, evenly paced; by default as fast as it goes"),
    .init("seed", value: "N", "the same seed makes the same events; by default 1"),
    .init(
      "clock", value: "C",
      "wall (the default): events carry the machine's time; stream: they start at 2026-01-01 and move on at --rate, by "
        + "default 1000 a second, the same bytes every time"),
    .init("tenants", value: "N", "tenants, the first the heaviest; by default 1000"),
    .init("duplicates", value: "SHARE", "of the events that come again, 0 to 1; by default 0.02"),
    .init("late", value: "SHARE", "of the events that come late, 0 to 1; by default 0.02"),
    .init("malformed", value: "SHARE", "of the events with a flaw, 0 to 1; by default 0.005"),
    .init("padding", value: "SIZE", "makes each event at least this large, such as 2KiB; by default 0B"),
    .init("compression", value: "C", "none, lz4 (the default) or zstd; for a topic"),
    .init("copy", value: "FILE", "each acknowledged record also goes into this record file; for a topic"),
    .init("json", "the summary as one JSON object"),
  ])

private let oracle = Program.Command(
  "oracle", "recounts event files, slowly and independently: what meterd must have come to",
  options: [
    .init("catalog", value: "CATALOG.yaml", "the meters", isRequired: true),
    .init(
      "config", value: "FILE", "meterd's configuration, in place of the next seven"),
    .init("window", value: "D", "rollup.window: 1h (the default), 15m or 1m"),
    .init("dedupe", value: "D", "dedupe.window; by default 24h"),
    .init("max-past", value: "D", "time.max_past; by default 35d"),
    .init("max-future", value: "D", "time.max_future; by default 10m"),
    .init("max-size", value: "SIZE", "events.max_size; by default 1MiB"),
    .init("max-per-meter", value: "N", "series.max_per_meter; by default 10000"),
    .init("exact-max", value: "N", "unique.exact_max; by default 65536"),
    .init(
      "now", value: "TIME", "the clock for the whole recount, such as 2026-11-01T00:00:00Z; by default the machine's"),
    .init("format", value: "F", "of the files: records (the default) or events"),
    .init("topic", value: "T", "the topic of records that name none; by default usage.events"),
    .init("total", "one row for each tenant and meter"),
    .init("accounting", "events by verdict for each partition, in place of usage"),
    .init("quarantine", "what could not be counted and why, in place of usage"),
    .init("json", "one JSON object a line"),
  ],
  positionals: [.init("FILE…", "event files, read in this order as one log; - is stdin")])

/// One line on stderr, whatever went wrong.
func complain(_ complaint: Complaint) {
  let line = Array("\(complaint.description)\n".utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

extension Arguments {
  /// A mistake that only the command itself can see.
  func mistake(_ problem: String, remedy: String) -> Complaint {
    Complaint(.usage, at: "meterd-lab \(command)", problem, remedy: remedy)
  }
}
