import MeterTelemetry

/// The routes that every build has: alive, ready, and the metrics.
public enum HealthRoutes {
  /// Whether this daemon does its work.
  public enum Readiness: Sendable, Equatable {
    case ready
    /// Sentences for an operator.
    case unready(reasons: [String])
  }

  static let reasonsMax = 32

  /// `health` is asked for each request, on the server's thread: it answers from memory.
  public static func make(health: @escaping @Sendable () -> Readiness, metrics: Metrics) -> [Route] {
    [
      Route("GET", "/healthz", scope: .open) { _ in .json { $0.member("status", "ok") } },
      Route("GET", "/readyz", scope: .open) { request in readiness(health(), mayShowReasons: request.may(.read)) },
      Route("GET", "/metrics", scope: .read) { _ in
        HTTPResponse(status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics.render())
      },
    ]
  }

  /// Reasons name topics, tables and hosts, which is for those who may read.
  private static func readiness(_ readiness: Readiness, mayShowReasons: Bool) -> HTTPResponse {
    switch readiness {
    case .ready: return .json { $0.member("status", "ready") }
    case .unready(let all):
      let reasons = mayShowReasons ? Array(all.prefix(reasonsMax)) : []
      let detail = reasons.isEmpty ? "not ready" : reasons.joined(separator: "; ")
      return .problem(Problem(503, "not_ready", "Service Unavailable", detail)) { json in
        guard !reasons.isEmpty else { return }
        json.name("reasons")
        json.array { json in for reason in reasons { json.string(reason) } }
      }
    }
  }
}
