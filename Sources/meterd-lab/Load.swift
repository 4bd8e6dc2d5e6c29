import MeterConfig
import MeterLab
import MeterModel

enum Load {
  private static let defaultTopic = "usage.events"

  private enum Format: String, CaseIterable {
    case records
    case events
  }

  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let options = try options(arguments)
    let source = try source(arguments)
    let status: Int32
    do throws(LabError) {
      status =
        if let source { try LoadProgram.run(options, replaying: source) } else { try LoadProgram.run(options) }
    } catch {
      throw Complaint(error)
    }
    guard status == 0 else {
      throw Complaint(
        ExitStatus(rawValue: status) ?? .bug, at: "meterd-lab load", "not every record was acknowledged with an offset",
        remedy: "the summary counts the failures by their reason")
    }
    return .done
  }

  private static func source(_ arguments: Arguments) throws(Complaint) -> RecordFileSource? {
    guard let path = arguments.text("from") else { return nil }
    for option in ["file", "seed", "clock", "tenants", "duplicates", "late", "malformed", "padding"]
    where arguments.has(option) {
      throw arguments.mistake("'--\(option)' has no meaning for records of a file", remedy: "remove it")
    }
    return try RecordFileSource(path: path, topic: arguments.text("topic") ?? defaultTopic)
  }

  private static func options(_ arguments: Arguments) throws(Complaint) -> LoadOptions {
    var options = LoadOptions(target: try target(arguments))
    options.count = try arguments.integer("count", in: 0...1_000_000_000_000)
    options.seconds = try seconds(arguments)
    if arguments.has("file"), options.count == nil, options.seconds == nil {
      throw arguments.mistake("a file would grow without end", remedy: "give '--count N' or '--seconds S'")
    }
    options.rate = try arguments.integer("rate", in: 1...Int(LoadOptions.rateMax)).map(Double.init)
    options.clock = try arguments.choice("clock", of: LoadOptions.Clock.self) ?? .wall
    options.copy = arguments.text("copy")
    options.summaryAsJSON = arguments.has("json")
    options.stream = try stream(arguments)
    if options.clock == .stream, let rate = options.rate { options.stream.eventsPerSecond = rate }
    return options
  }

  private static func target(_ arguments: Arguments) throws(Complaint) -> LoadOptions.Target {
    let isTopic = arguments.has("brokers")
    guard isTopic != arguments.has("file") else {
      throw arguments.mistake(
        isTopic ? "both '--brokers' and '--file' were given" : "no target was given",
        remedy: "give '--brokers HOST:PORT' or '--file PATH'")
    }
    for (option, isOfTopic) in [
      ("topic", true), ("compression", true), ("copy", true), ("format", false), ("partitions", false),
    ] where arguments.has(option) && isOfTopic != isTopic {
      throw arguments.mistake(
        "'--\(option)' has no meaning for a \(isTopic ? "topic" : "file")", remedy: "remove it")
    }
    guard let path = arguments.text("file") else {
      var producer = ProducerOptions(
        bootstrapServers: arguments.text("brokers") ?? "", topic: arguments.text("topic") ?? defaultTopic)
      // A test broker keeps little and drops the rest in silence, so a load is compressed unless it is told otherwise.
      producer.compression = try arguments.choice("compression", of: ProducerOptions.Compression.self) ?? .lz4
      return .topic(producer)
    }
    let partitions = try arguments.integer("partitions", in: 1...LoadOptions.partitionsMax)
    switch try arguments.choice("format", of: Format.self) ?? .records {
    case .records: return .file(path: path, .records(partitions: partitions ?? 8))
    case .events:
      guard partitions == nil else {
        throw arguments.mistake("'--partitions' has no meaning for bare events", remedy: "remove it")
      }
      return .file(path: path, .events)
    }
  }

  private static func stream(_ arguments: Arguments) throws(Complaint) -> EventStreamOptions {
    var stream = EventStreamOptions()
    stream.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1)
    stream.tenants = try arguments.integer("tenants", in: 1...(1 << 24)) ?? 1000
    stream.duplicateShare = try share("duplicates", arguments) ?? 0.02
    stream.lateShare = try share("late", arguments) ?? 0.02
    stream.malformedShare = try share("malformed", arguments) ?? 0.005
    let sizes = ByteSize(bytes: 0)...ByteSize(bytes: EventStreamOptions.paddedBytesMax)
    stream.paddedBytes = try arguments.size("padding", in: sizes)?.bytes ?? 0
    return stream
  }

  /// Digits and a point only: what else a reader of floating point would take is a slip here.
  private static func share(_ name: String, _ arguments: Arguments) throws(Complaint) -> Double? {
    guard let text = arguments.text(name) else { return nil }
    guard text.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }), let share = Double(text), share <= 1 else {
      throw arguments.wrong(name, text, "a share from 0 to 1, such as 0.02")
    }
    return share
  }

  private static func seconds(_ arguments: Arguments) throws(Complaint) -> Double? {
    guard let text = arguments.text("seconds") else { return nil }
    let bounds = TimeSpan.milliseconds(1) ... .days(365)
    guard let span = TimeSpan(text: text) ?? TimeSpan(text: text + "s"), bounds.contains(span) else {
      throw arguments.wrong(
        "seconds", text, "a number of seconds, or a duration such as 10m, up to \(bounds.upperBound.text)")
    }
    return Double(span.nanoseconds) / 1e9
  }
}
