import MeterTelemetry

/// The counters of one route, made at start so that each shows up as 0 before its first request.
struct RouteMeters: Sendable {
  private static let methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
  private static let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"]

  private let counters: [String: [Counter]]
  let latency: Histogram

  /// `route` is the pattern, never the path: a path may hold a tenant, and there are ever so many.
  init(route: String, methods: [String], _ metrics: Metrics) {
    var counters: [String: [Counter]] = [:]
    for method in methods {
      counters[method] = Self.classes.map { status in
        metrics.counter(
          "meterd_http_requests_total", help: "Requests answered, by route, method and class of status.",
          labels: ["route": route, "method": method, "status": status])
      }
    }
    self.counters = counters
    latency = metrics.histogram(
      "meterd_http_request_seconds", help: "Time from a request's first line to the end of its answer.",
      labels: ["route": route])
  }

  /// For what no route wants: whatever its method, it stays inside this fixed set.
  init(unmatched metrics: Metrics) { self.init(route: "other", methods: Self.methods + ["other"], metrics) }

  func count(_ method: String, status: Int, nanoseconds: Int64) {
    guard let counters = counters[method] ?? counters["other"] else { return }
    counters[min(max(status / 100, 1), 5) - 1].add()
    latency.observe(nanoseconds)
  }
}
