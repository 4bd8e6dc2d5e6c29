import MeterConfig
import MeterModel
import MeterOracle

/// `meterd-lab oracle`.
enum Recount {
  static let help = """
    It shares no code with the counting of meterd: it keeps what it counted in memory and reckons digit by digit. It
    knows no periods, so no event is late. An identity is forgotten when meterd forgets it: by whole sixteenths of
    dedupe.window, so after the window and at most a sixteenth of it later.

    A record file has one JSON object a line with partition, offset, timestamp, key, headers, value (or value_base64),
    and topic where it is another one; 'meterd-lab load' writes it with --file or --copy, and sends it with --from. A file of events has one value
    a line: of partition 0, with the line's number from 0 as the offset and the clock as the Kafka timestamp.
    """

  enum Format: String, CaseIterable {
    case records
    case events
  }

  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let view = try view(arguments)
    let settings = try OracleSettings(arguments)
    let aggregates = Set(MeterDefinition.Aggregate.allCases)
    let catalog = try CatalogFile.read(path: arguments.text("catalog") ?? "", aggregates: aggregates)
    if view == .total { try requireSums(catalog) }

    let topic = OracleText(arguments.text("topic") ?? "usage.events")
    let form: RecordFile.Form =
      switch try arguments.choice("format", of: Format.self) ?? .records {
      case .records: .records(topic: topic)
      case .events: .events(topic: topic, timestampMs: Int64(settings.now.nanoseconds / 1_000_000))
      }
    var oracle = Oracle(settings: settings, meters: catalog.definitions.map(OracleMeter.init)) { frame, limit in
      ZstdFrame.content(of: frame, limit: limit)
    }
    var log = EventLog(form, maxEventBytes: settings.maxEventBytes)
    for path in arguments.positionals {
      try log.read(path) { oracle.take($0) }
    }
    try log.end { oracle.take($0) }

    RecountReport(oracle.results(upTo: settings.now), view, isJSON: arguments.has("json")).printOut()
    return .done
  }

  private static func view(_ arguments: Arguments) throws(Complaint) -> RecountReport.View {
    let views = RecountReport.View.allCases.filter { arguments.has($0.rawValue) }
    guard views.count <= 1 else {
      throw arguments.mistake(
        "'--\(views[0].rawValue)' and '--\(views[1].rawValue)' show different things", remedy: "keep one of them")
    }
    return views.first ?? .usage
  }

  /// Rows of other aggregates do not add up over windows, and a total that is wrong is worse than none.
  private static func requireSums(_ catalog: CatalogFile) throws(Complaint) {
    for meter in catalog.meters where ![.count, .sum].contains(meter.value.aggregate) {
      throw catalog.document.complaint(
        at: meter.fields["aggregate"] ?? meter.mark,
        "the windows of meter '\(meter.value.name)' do not add up to a total "
          + "(\(meter.value.aggregate.rawValue); count or sum)",
        remedy: "leave out '--total'")
    }
  }
}

extension OracleMeter {
  init(_ meter: MeterDefinition) {
    let aggregate: OracleAggregate =
      switch meter.aggregate {
      case .count: .count
      case .sum: .sum
      case .max: .max
      case .min: .min
      case .latest: .latest
      case .unique: .unique
      case .timeWeighted: .timeWeighted
      }
    self.init(
      name: OracleText(meter.name), event: OracleText(meter.event), aggregate: aggregate,
      value: meter.value.map { OracleText($0) }, scale: meter.scale,
      dimensions: meter.dimensions.map { OracleText($0) }, hold: meter.hold.map { .nanoseconds($0.nanoseconds) })
  }
}
