import MeterTelemetry
import Synchronization

/// Decides what a request gets. Knows no sockets: libmicrohttpd's callbacks bring it an exchange step by step, and a
/// test can do the same.
///
/// A request is judged as soon as its headers are complete: target, route, key, announced size. A refusal is
/// nevertheless told after the body, which is read and thrown away, because closing a connection with unread bytes
/// resets it and the client would then never see the reason. Only a body that is announced or turns out larger than
/// `refusedBytes`, or that waits for `100 Continue`, is refused at once.
final class HTTPDispatcher: Sendable {
  enum Step: Equatable {
    /// Go on reading.
    case proceed
    /// Answer now and close the connection after it.
    case refuse
    /// Close the connection without an answer.
    case cut
  }

  private let table: RouteTable
  private let auth: HTTPAuth
  private let bounds: HTTPBounds
  private let meters: [RouteMeters]
  private let unmatched: RouteMeters
  private let aborted: Counter
  private let open = Atomic<Int>(0)
  private let bodyBytes = Atomic<Int>(0)

  init(routes: [Route], auth: HTTPAuth, bounds: HTTPBounds, metrics: Metrics) {
    let table = RouteTable(routes)
    self.table = table
    self.auth = auth
    self.bounds = bounds
    meters = table.routes.map { route in
      RouteMeters(
        route: route.pattern, methods: route.method == "GET" ? ["GET", "HEAD"] : [route.method], metrics)
    }
    unmatched = RouteMeters(unmatched: metrics)
    aborted = metrics.counter(
      "meterd_http_requests_aborted_total", help: "Requests whose connection ended before their answer did.")
  }

  /// Requests whose headers have come and whose answer is not yet out.
  var openCount: Int { open.load(ordering: .relaxed) }

  var bodyBytesHeld: Int { bodyBytes.load(ordering: .relaxed) }

  /// `target` may be longer than allowed by one byte, which says that it is too long.
  func begin(_ target: [UInt8], at now: Int64) -> Exchange {
    Exchange(target: target, targetIsTooLong: target.count > bounds.targetBytes, startedNanoseconds: now)
  }

  func receiveHeaders(_ exchange: Exchange, method: String, _ headers: HTTPHeaders) -> Step {
    exchange.isOpen = true
    open.add(1, ordering: .relaxed)
    exchange.method = method
    exchange.headers = headers
    let codings = headers.all("transfer-encoding")
    let lengths = headers.all("content-length")
    exchange.refusal = judge(exchange, codings, lengths)
    // Where a body's end is in doubt nothing behind it can be trusted: answer, if that can be done at once, and close.
    if codings.count > 1 || lengths.count > 1 || !codings.isEmpty && !lengths.isEmpty
      || codings.contains(where: { $0.lowercased() != "chunked" })
    {
      return refuseAtOnce(method)
    }
    guard exchange.refusal != nil else { return .proceed }
    let announced = lengths.first.map { Int($0) ?? .max } ?? 0
    let hasBody = announced > 0 || !codings.isEmpty
    let waits = hasBody && headers["expect"] != nil
    return announced > bounds.refusedBytes || waits ? refuseAtOnce(method) : .proceed
  }

  func receiveBody(_ exchange: Exchange, _ bytes: UnsafeRawBufferPointer) -> Step {
    exchange.received += bytes.count
    if exchange.refusal == nil {
      if exchange.received > bounds.bodyBytes {
        exchange.refusal = .problem(.bodyTooLarge(bounds.bodyBytes))
      } else if bodyBytes.add(bytes.count, ordering: .relaxed).newValue > bounds.bodyBytesTogether {
        bodyBytes.subtract(bytes.count, ordering: .relaxed)
        exchange.refusal = .problem(.noRoom).adding("Retry-After", "1")
      } else {
        unsafe exchange.body.append(contentsOf: bytes)
        return .proceed
      }
      dropBody(exchange)
    }
    return exchange.received > bounds.refusedBytes ? .cut : .proceed
  }

  /// The whole request is there.
  func answer(_ exchange: Exchange) -> HTTPResponse {
    if let refusal = exchange.refusal { return refusal }
    guard let place = exchange.route else { return .problem(.notFound) }
    let token = exchange.headers.bearerToken
    let request = HTTPRequest(
      method: exchange.method, parameters: exchange.parameters, query: exchange.query, headers: exchange.headers,
      body: exchange.body
    ) { [auth] scope in
      switch auth {
      case .none: true
      case .keys(let authorize): token != nil && authorize(token, scope) == .granted
      }
    }
    return table.routes[place].handler(request)
  }

  func complete(_ exchange: Exchange, isSent: Bool, at now: Int64) {
    dropBody(exchange)
    guard exchange.isOpen else { return }
    open.subtract(1, ordering: .relaxed)
    guard isSent, let status = exchange.status else { return aborted.add() }
    let meters = exchange.route.map { self.meters[$0] } ?? unmatched
    meters.count(exchange.method, status: status, nanoseconds: now - exchange.startedNanoseconds)
  }

  private func dropBody(_ exchange: Exchange) {
    bodyBytes.subtract(exchange.body.count, ordering: .relaxed)
    exchange.body = []
  }

  private func judge(_ exchange: Exchange, _ codings: [String], _ lengths: [String]) -> HTTPResponse? {
    if exchange.targetIsTooLong { return .problem(.uriTooLong) }
    if exchange.headers.count > bounds.headers { return .problem(.tooManyHeaders) }
    guard let target = HTTPTarget(exchange.target, queryItemsMax: bounds.queryItems) else {
      return .problem(.badRequest("the path or query is not properly encoded"))
    }
    switch table.match(exchange.method, target.segments) {
    case .unknown: return .problem(.notFound)
    case .otherMethod(let allow): return .problem(.methodNotAllowed(allow)).adding("Allow", allow)
    case .found(let place, let parameters):
      exchange.route = place
      exchange.parameters = parameters
      exchange.query = target.query
    }
    if let refusal = judgeKey(exchange) { return refusal }
    if codings.contains(where: { $0.lowercased() != "chunked" }) { return .problem(.unknownTransferCoding) }
    if codings.count > 1 || lengths.count > 1 || !codings.isEmpty && !lengths.isEmpty {
      return .problem(.badRequest("the length of the body is given twice"))
    }
    if let length = lengths.first, Int(length) ?? .max > bounds.bodyBytes {
      return .problem(.bodyTooLarge(bounds.bodyBytes))
    }
    return nil
  }

  private func judgeKey(_ exchange: Exchange) -> HTTPResponse? {
    let scope = table.routes[exchange.route!].scope
    guard scope != .open, case .keys(let authorize) = auth else { return nil }
    switch authorize(exchange.headers.bearerToken, scope) {
    case .granted: return nil
    case .unknown: return .problem(.unauthorized).adding("WWW-Authenticate", "Bearer")
    case .denied: return .problem(.forbidden(scope))
    }
  }

  /// libmicrohttpd closes after an early answer to POST and PUT. After one to another method it would read on, so
  /// such a request is cut.
  private func refuseAtOnce(_ method: String) -> Step { method == "POST" || method == "PUT" ? .refuse : .cut }
}
