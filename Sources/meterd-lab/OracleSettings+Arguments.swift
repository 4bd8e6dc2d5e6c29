import Glibc
import MeterConfig
import MeterModel
import MeterOracle

extension OracleSettings {
  private static let options = [
    "window", "dedupe", "max-past", "max-future", "max-size", "max-per-meter", "exact-max",
  ]

  /// The settings that decide, from meterd's configuration or from options that say the same.
  init(_ arguments: Arguments) throws(Complaint) {
    self.init(now: try Self.now(arguments))
    forgetting = .bySixteenths
    if let path = arguments.text("config") {
      if let option = Self.options.first(where: arguments.has) {
        throw arguments.mistake("both '--config' and '--\(option)' were given", remedy: "keep one of them")
      }
      take(try Settings.load(file: path))
    } else {
      try take(arguments)
    }
  }

  private mutating func take(_ settings: Settings) {
    rollupWindow = Duration(settings.rollup.window)
    dedupeWindow = Duration(settings.dedupe.window)
    maxPast = Duration(settings.time.maxPast)
    maxFuture = Duration(settings.time.maxFuture)
    maxEventBytes = settings.events.maxSize.bytes
    maxSeriesPerMeter = settings.series.maxPerMeter
    uniqueExactMax = settings.unique.exactMax
  }

  /// The bounds are those of the configuration.
  private mutating func take(_ arguments: Arguments) throws(Complaint) {
    if let text = arguments.text("window") {
      guard let span = TimeSpan(text: text), [.hours(1), .minutes(15), .minutes(1)].contains(span) else {
        throw arguments.wrong("window", text, "1h, 15m or 1m")
      }
      rollupWindow = Duration(span)
    }
    if let span = try arguments.duration("dedupe", in: .seconds(1) ... .days(90)) { dedupeWindow = Duration(span) }
    if let span = try arguments.duration("max-past", in: .minutes(1) ... .days(400)) { maxPast = Duration(span) }
    if let span = try arguments.duration("max-future", in: .seconds(0) ... .hours(24)) { maxFuture = Duration(span) }
    if let size = try arguments.size("max-size", in: .kibibytes(1) ... .mebibytes(64)) { maxEventBytes = size.bytes }
    maxSeriesPerMeter = try arguments.integer("max-per-meter", in: 1...1_000_000) ?? maxSeriesPerMeter
    uniqueExactMax = try arguments.integer("exact-max", in: 1...16_777_216) ?? uniqueExactMax
  }

  private static func now(_ arguments: Arguments) throws(Complaint) -> OracleInstant {
    guard let text = arguments.text("now") else {
      var time = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &time)
      return OracleInstant(nanoseconds: Int128(time.tv_sec) * 1_000_000_000 + Int128(time.tv_nsec))
    }
    guard let seconds = InstantText.seconds(text) else {
      throw arguments.wrong("now", text, "an instant in UTC such as 2026-11-01T00:00:00Z")
    }
    return OracleInstant(seconds: seconds)
  }
}

extension Duration {
  fileprivate init(_ span: TimeSpan) { self = .nanoseconds(span.nanoseconds) }
}
