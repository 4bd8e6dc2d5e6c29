import MeterCore
import MeterModel
import MeterOracle

extension Tally.Rules {
  /// What the recount's settings are for the engine.
  public init(_ settings: OracleSettings) {
    func span(_ duration: Duration) -> TimeSpan {
      TimeSpan(
        nanoseconds: duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
    self.init(
      windows: WindowGrid(length: span(settings.rollupWindow)), dedupeWindow: span(settings.dedupeWindow),
      pastMax: span(settings.maxPast), futureMax: span(settings.maxFuture),
      seriesMax: settings.maxSeriesPerMeter)
  }
}
