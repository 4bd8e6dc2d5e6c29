import Dispatch
import MeterModel
import MeterTelemetry

@testable import HTTPEdge

/// A running server on a free port of this machine, with the routes that the tests ask for.
struct Stage {
  let server: HTTPServer
  let metrics = Metrics()
  let memory = LogMemory()
  let port: UInt16

  static let routes: [Route] = [
    Route("GET", "/v1/tenants/{tenant}/usage", scope: .read) { request in
      .json { json in
        json.member("tenant", request.parameters["tenant"] ?? "")
        for (name, value) in request.query { json.member(name, value) }
      }
    },
    Route("POST", "/v1/echo", scope: .ingest) { HTTPResponse(status: 200, contentType: "text/plain", body: $0.body) },
    Route("PUT", "/v1/echo", scope: .ingest) { HTTPResponse(status: 200, contentType: "text/plain", body: $0.body) },
    Route("DELETE", "/v1/things/{id}", scope: .admin) { _ in HTTPResponse(status: 204) },
  ]

  init(
    _ auth: HTTPAuth = .none, tls: TLSFiles? = nil, bounds: HTTPBounds = HTTPBounds(),
    routes: [Route] = Stage.routes, health: @escaping @Sendable () -> HealthRoutes.Readiness = { .ready }
  ) throws {
    server = HTTPServer(
      address: try HTTPAddress("127.0.0.1:0"), tls: tls, auth: auth,
      routes: HealthRoutes.make(health: health, metrics: metrics) + routes, bounds: bounds,
      log: Log(level: .debug, sink: memory), metrics: metrics)
    try server.start()
    port = server.port!
  }

  /// Whether `stop` comes to its end while everything else stays as it is.
  func stops() -> Bool {
    let ended = DispatchSemaphore(value: 0)
    let server = server
    DispatchQueue.global().async {
      server.stop()
      ended.signal()
    }
    return ended.wait(timeout: .now() + 120) == .success
  }

  var client: RawClient { RawClient(port: port) }

  var metricsText: String { String(decoding: metrics.render(), as: UTF8.self) }

  /// Good keys are named for their scope.
  static let keys = HTTPAuth.keys { token, scope in
    guard let token, let held = Scope(rawValue: token) else { return .unknown }
    return held == scope ? .granted : .denied
  }
}
