import HTTPEdge
import MeterModel
import MeterTelemetry
import Testing

@Suite struct ServerTests {
  @Test func `health, readiness and metrics answer`() throws {
    let stage = try Stage()
    defer { stage.server.stop() }
    let client = stage.client
    let health = try #require(client.get("/healthz"))
    #expect(health.head.hasPrefix("HTTP/1.1 200 "))
    #expect(health.head.contains("Content-Type: application/json"))
    #expect(health.head.contains("Cache-Control: no-store"))
    #expect(health.head.contains("X-Content-Type-Options: nosniff"))
    #expect(health.body == #"{"status":"ok"}"#)
    #expect(try #require(client.get("/readyz")).body == #"{"status":"ready"}"#)
    let metrics = try #require(client.get("/metrics"))
    #expect(metrics.head.contains("Content-Type: text/plain; version=0.0.4"))
    #expect(metrics.body.contains(#"meterd_http_requests_total{method="GET",route="/healthz",status="2xx"} 1"#))
    #expect(metrics.body.contains(#"meterd_http_request_seconds_count{route="/readyz"} 1"#))
    #expect(metrics.body.contains("meterd_http_connections 1\n"))
  }

  @Test func `an unready daemon says why to those who may read, and 503 to all`() throws {
    let reasons = HealthRoutes.Readiness.unready(reasons: ["postgres: no connection", "usage.events[3]: halted"])
    let open = try Stage(health: { reasons })
    defer { open.server.stop() }
    let told = try #require(open.client.get("/readyz"))
    #expect(told.head.hasPrefix("HTTP/1.1 503 "))
    #expect(told.head.contains("Content-Type: application/problem+json"))
    #expect(
      told.body
        == #"{"type":"urn:meterd:problem:not_ready","title":"Service Unavailable","status":503,"#
        + #""detail":"postgres: no connection; usage.events[3]: halted","#
        + #""reasons":["postgres: no connection","usage.events[3]: halted"]}"#)
    let locked = try Stage(Stage.keys, health: { reasons })
    defer { locked.server.stop() }
    for headers in ["", "Authorization: Bearer nonsense\r\n", "Authorization: Bearer admin\r\n"] {
      let answer = try #require(locked.client.get("/readyz", headers: headers))
      #expect(answer.head.hasPrefix("HTTP/1.1 503 "))
      #expect(!answer.body.contains("postgres"))
    }
    let reader = try #require(locked.client.get("/readyz", headers: "Authorization: Bearer read\r\n"))
    #expect(reader.body.contains("postgres: no connection"))
  }

  @Test func `with keys a closed route needs one`() throws {
    let stage = try Stage(Stage.keys)
    defer { stage.server.stop() }
    let client = stage.client
    #expect(try #require(client.get("/healthz")).head.hasPrefix("HTTP/1.1 200 "))
    let bare = try #require(client.get("/metrics"))
    #expect(bare.head.hasPrefix("HTTP/1.1 401 "))
    #expect(bare.head.contains("WWW-Authenticate: Bearer"))
    #expect(bare.body.contains(#""status":401"#))
    #expect(try #require(client.get("/metrics", headers: "authorization: bearer read\r\n")).head.contains(" 200 "))
    #expect(try #require(client.get("/metrics", headers: "Authorization: Basic read\r\n")).head.contains(" 401 "))
    #expect(try #require(client.get("/metrics", headers: "Authorization: Bearer admin\r\n")).head.contains(" 403 "))
    let twice = "Authorization: Bearer read\r\nAuthorization: Bearer read\r\n"
    #expect(try #require(client.get("/metrics", headers: twice)).head.contains(" 401 "))
  }

  @Test func `an unknown path is 404, a known one with another method 405 with Allow`() throws {
    let stage = try Stage()
    defer { stage.server.stop() }
    let client = stage.client
    let unknown = try #require(client.get("/nothing"))
    #expect(unknown.head.hasPrefix("HTTP/1.1 404 "))
    #expect(
      unknown.body
        == #"{"type":"urn:meterd:problem:not_found","title":"Not Found","status":404,"#
        + #""detail":"there is nothing at this path"}"#)
    let wrong = try #require(client.get("/healthz", method: "DELETE"))
    #expect(wrong.head.hasPrefix("HTTP/1.1 405 "))
    #expect(wrong.head.contains("Allow: GET, HEAD"))
    #expect(try #require(client.get("/v1/echo")).head.contains("Allow: POST, PUT"))
    #expect(try #require(client.get("/healthz", method: "BREW")).head.hasPrefix("HTTP/1.1 405 "))
    // Counted when the answer is through, which the client may see first.
    let isCounted = waitUntil { stage.metricsText.contains(#"{method="other",route="other",status="4xx"} 1"#) }
    #expect(isCounted)
  }

  @Test func `HEAD answers as GET without the body`() throws {
    let stage = try Stage()
    defer { stage.server.stop() }
    let client = stage.client
    let head = try #require(client.get("/healthz", method: "HEAD"))
    #expect(head.head.hasPrefix("HTTP/1.1 200 "))
    #expect(head.head.contains("Content-Length: 15"))
    #expect(try #require(client.get("/healthz")).body == #"{"status":"ok"}"#)
  }

  @Test func `path parameters and queries arrive decoded`() throws {
    let stage = try Stage()
    defer { stage.server.stop() }
    let answer = try #require(stage.client.get("/v1/tenants/a%2Fb%20%C3%A9/usage?meter=api+calls&x=%26&y"))
    #expect(answer.body == #"{"tenant":"a/b é","meter":"api calls","x":"&","y":""}"#)
    let whole = try #require(stage.client.get("http://x/v1/tenants/t/usage"))
    #expect(whole.body == #"{"tenant":"t"}"#)
  }

  @Test func `a body reaches the handler whole, by length or in chunks`() throws {
    let stage = try Stage()
    defer { stage.server.stop() }
    let client = stage.client
    client.send("POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    client.send("lo")
    #expect(client.readAnswer()?.body == "hello")
    client.send(
      "PUT /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    #expect(client.readAnswer()?.body == "abcde")
    client.send("DELETE /v1/things/7 HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(client.readAnswer()?.head.hasPrefix("HTTP/1.1 204 ") == true)
    let megabyte = String(repeating: "m", count: 1 << 20)
    client.send("POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(1 << 20)\r\n\r\n" + megabyte)
    #expect(client.readAnswer()?.body == megabyte)
  }

  @Test func `two thousand requests on one connection are answered and counted`() throws {
    let stage = try Stage()
    defer { stage.server.stop() }
    let client = stage.client
    for _ in 0..<2000 { #expect(try #require(client.get("/healthz")).body == #"{"status":"ok"}"#) }
    // The last one is counted just after its answer went out; the next answer proves that this has happened.
    _ = client.get("/readyz")
    let isCounted = waitUntil {
      stage.metricsText.contains(#"meterd_http_requests_total{method="GET",route="/healthz",status="2xx"} 2000"#)
    }
    #expect(isCounted)
  }

  @Test func `a port in use is one line and status 69`() throws {
    let stage = try Stage()
    defer { stage.server.stop() }
    let second = HTTPServer(
      address: try HTTPAddress("127.0.0.1:\(stage.port)"), auth: .none, routes: [], log: Log(sink: LogMemory()),
      metrics: Metrics())
    let complaint = try #require(throws: Complaint.self) { try second.start() }
    #expect(complaint.status == .unavailable)
    #expect(
      complaint.description == "http: 127.0.0.1:\(stage.port): another process listens there; "
        + "stop it, or set http.listen to another port")
  }

  @Test func `an address of another machine is status 69`() throws {
    let server = HTTPServer(
      address: HTTPAddress(host: "192.0.2.1", port: 0), auth: Stage.keys, routes: [], log: Log(sink: LogMemory()),
      metrics: Metrics())
    let complaint = try #require(throws: Complaint.self) { try server.start() }
    #expect(complaint.status == .unavailable)
    #expect(complaint.description.hasPrefix("http: 192.0.2.1:0: this machine has no such address; "))
  }

  @Test func `no keys on an address that others reach is refused`() throws {
    let server = HTTPServer(
      address: HTTPAddress(host: "0.0.0.0", port: 0), auth: .none, routes: [], log: Log(sink: LogMemory()),
      metrics: Metrics())
    let complaint = try #require(throws: Complaint.self) { try server.start() }
    #expect(complaint.status == .configuration)
    #expect(complaint.place == "http.auth")
  }

  @Test func `a stopped server gives its port back and stops only once`() throws {
    // A stop that waited for the idle client would take an hour.
    var bounds = HTTPBounds()
    bounds.idleSeconds = 3600
    let stage = try Stage(bounds: bounds)
    let client = stage.client
    _ = client.get("/healthz")
    #expect(stage.stops())
    stage.server.stop()
    #expect(stage.server.port == nil)
    #expect(client.isClosedByServer())
    let again = HTTPServer(
      address: HTTPAddress(host: "127.0.0.1", port: stage.port), auth: .none, routes: [], log: Log(sink: LogMemory()),
      metrics: Metrics())
    try again.start()
    #expect(again.port == stage.port)
    again.stop()
  }

  @Test func `nothing of a stopped server stays in memory`() throws {
    weak var metrics: Metrics?
    do {
      let stage = try Stage()
      metrics = stage.metrics
      _ = stage.client.get("/metrics")
      stage.server.stop()
    }
    // The thread that looks for late connections lets go when it next wakes up.
    let isGone = waitUntil { metrics == nil }
    #expect(isGone)
  }

  @Test func `the loopback of IPv6 is served where the machine has one`() throws {
    let server = HTTPServer(
      address: try HTTPAddress("[::1]:0"), auth: .none, routes: [], log: Log(sink: LogMemory()), metrics: Metrics())
    do {
      try server.start()
      #expect(server.port != 0)
      server.stop()
    } catch {
      #expect(error.status == .unavailable && error.place == "http: [::1]:0")
    }
  }

  @Test func `addresses are read as the configuration writes them`() throws {
    #expect(try HTTPAddress("127.0.0.1:8080") == HTTPAddress(host: "127.0.0.1", port: 8080))
    #expect(try HTTPAddress("[::1]:0") == HTTPAddress(host: "::1", port: 0))
    #expect(try HTTPAddress("[::1]:9").description == "[::1]:9")
    for bad in ["", "8080", ":8080", "::1:8080", "h:", "h:65536", "h:-1", "h:+1", "[::1]", "h h:1", "h\u{0}:1"] {
      #expect(throws: Complaint.self) { try HTTPAddress(bad) }
    }
  }
}
