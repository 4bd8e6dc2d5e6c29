/// One series of a metric: what holds its value, or what makes it when somebody looks.
enum MetricSeries: Sendable {
  case counter(Counter)
  case gauge(Gauge)
  case seconds(SecondsGauge)
  case histogram(Histogram)
  case computed(@Sendable () -> Int64)
  case computedSeconds(@Sendable () -> Double)
}
