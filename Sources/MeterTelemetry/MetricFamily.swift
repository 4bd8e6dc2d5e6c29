/// All series of one metric name.
struct MetricFamily: Sendable {
  /// The words of the text format.
  enum Kind: String {
    case counter
    case gauge
    case histogram
  }

  /// A scrape shows every series, and whatever reads it keeps each for days: a name with more is a mistake.
  static let seriesMax = 4096

  let name: String
  let kind: Kind
  let help: String
  let bounds: HistogramBounds?
  private(set) var series: [MetricLabels: MetricSeries] = [:]

  init(name: String, kind: Kind, help: String, bounds: HistogramBounds?) {
    precondition(MetricName.isMetric(name), "'\(name)' cannot name a metric: meterd_ and small letters")
    precondition(!help.isEmpty, "'\(name)' needs a help sentence")
    self.name = name
    self.kind = kind
    self.help = help
    self.bounds = bounds
  }

  /// The series of these labels, made if need be; true when there was no room and the shared one of the rest answers.
  mutating func take(_ labels: MetricLabels, make: () -> MetricSeries) -> (MetricSeries, isOverflow: Bool) {
    if let known = series[labels] { return (known, false) }
    let fits = series.count < Self.seriesMax
    let place = fits ? labels : .other
    if !fits, let shared = series[place] { return (shared, true) }
    let made = make()
    series[place] = made
    return (made, !fits)
  }

  /// Puts a computed series in place, also of an older one: the newer closure sees the newer object.
  mutating func put(_ labels: MetricLabels, _ computed: MetricSeries) -> Bool {
    guard series[labels] != nil || series.count < Self.seriesMax else { return false }
    series[labels] = computed
    return true
  }

  mutating func remove(_ labels: MetricLabels) { series[labels] = nil }
}
