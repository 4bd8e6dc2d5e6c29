import Synchronization

/// Every metric of one daemon. Made once by the program and handed on: there is no global registry, so two daemons in
/// one test do not see each other.
///
/// Making is for start and for partitions that come; it takes a lock and is safe to repeat, since the same name and
/// labels give the same object. Counting goes to the object itself and is one atomic step. A name may have 4,096
/// series; those beyond it share one that is labelled `other="true"`, and `meterd_metric_overflow_total` counts how
/// often that happened, so a label set that grew without bound costs accuracy and not memory.
public final class Metrics: Sendable {
  /// Names are constants of the program: more of them is a mistake in it.
  static let familiesMax = 1024
  private static let overflowName = "meterd_metric_overflow_total"

  private let families = Mutex<[String: MetricFamily]>([:])
  private let overflow: Counter

  public init() {
    let overflow = Counter()
    var family = MetricFamily(
      name: Self.overflowName, kind: .counter, help: "Series that were asked for beyond the bound of their name.",
      bounds: nil)
    _ = family.take(.none) { .counter(overflow) }
    self.overflow = overflow
    families.withLock { $0[Self.overflowName] = family }
  }

  public func counter(_ name: String, help: String, labels: [String: String] = [:]) -> Counter {
    guard case .counter(let counter) = take(name, .counter, help, nil, labels, make: { .counter(Counter()) }) else {
      preconditionFailure("'\(name)' is not a counter")
    }
    return counter
  }

  public func gauge(_ name: String, help: String, labels: [String: String] = [:]) -> Gauge {
    guard case .gauge(let gauge) = take(name, .gauge, help, nil, labels, make: { .gauge(Gauge()) }) else {
      preconditionFailure("'\(name)' is not a stored gauge of whole numbers")
    }
    return gauge
  }

  public func secondsGauge(_ name: String, help: String, labels: [String: String] = [:]) -> SecondsGauge {
    guard case .seconds(let gauge) = take(name, .gauge, help, nil, labels, make: { .seconds(SecondsGauge()) }) else {
      preconditionFailure("'\(name)' is not a stored gauge of seconds")
    }
    return gauge
  }

  public func histogram(
    _ name: String, help: String, labels: [String: String] = [:], bounds: HistogramBounds = .latency
  ) -> Histogram {
    let series = take(name, .histogram, help, bounds, labels) { .histogram(Histogram(bounds)) }
    guard case .histogram(let histogram) = series else { preconditionFailure("'\(name)' is not a histogram") }
    return histogram
  }

  /// A gauge whose value is made at each scrape. The closure must be quick, and safe from any thread; given again for
  /// the same labels, the newer one counts.
  public func gauge(
    _ name: String, help: String, labels: [String: String] = [:], reading value: @escaping @Sendable () -> Int64
  ) {
    put(name, help, labels, .computed(value))
  }

  public func secondsGauge(
    _ name: String, help: String, labels: [String: String] = [:], reading seconds: @escaping @Sendable () -> Double
  ) {
    put(name, help, labels, .computedSeconds(seconds))
  }

  /// Forgets a series, for a partition that went away. Who still holds its object counts into the void.
  public func remove(_ name: String, labels: [String: String] = [:]) {
    let labels = MetricLabels(labels)
    families.withLock { $0[name]?.remove(labels) }
  }

  /// Prometheus text format 0.0.4.
  public func render() -> [UInt8] {
    // The closures of computed gauges run without the lock: one of them may make a metric itself.
    let snapshot = families.withLock { $0 }
    var text = MetricText()
    for name in snapshot.keys.sorted() { text.append(snapshot[name]!) }
    return text.bytes
  }

  private func take(
    _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ bounds: HistogramBounds?, _ labels: [String: String],
    make: () -> MetricSeries
  ) -> MetricSeries {
    let labels = MetricLabels(labels)
    let (series, isOverflow) = families.withLock { families in
      Self.declare(name, kind, help, bounds, in: &families)
      return families[name]!.take(labels, make: make)
    }
    if isOverflow { overflow.add() }
    return series
  }

  private func put(_ name: String, _ help: String, _ labels: [String: String], _ computed: MetricSeries) {
    let labels = MetricLabels(labels)
    let fits = families.withLock { families in
      Self.declare(name, .gauge, help, nil, in: &families)
      return families[name]!.put(labels, computed)
    }
    if !fits { overflow.add() }
  }

  private static func declare(
    _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ bounds: HistogramBounds?,
    in families: inout [String: MetricFamily]
  ) {
    if let known = families[name] {
      precondition(known.kind == kind, "'\(name)' is already a \(known.kind.rawValue)")
      precondition(known.help == help, "'\(name)' already has another help sentence")
      precondition(known.bounds == bounds, "'\(name)' already has other bounds")
    } else {
      precondition(families.count < familiesMax, "more than \(familiesMax) metric names")
      families[name] = MetricFamily(name: name, kind: kind, help: help, bounds: bounds)
    }
  }
}
