import MeterTelemetry

/// One answer, whole.
public struct HTTPResponse: Sendable {
  public var status: Int
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(status: Int, contentType: String? = nil, body: [UInt8] = []) {
    self.status = status
    headers = contentType.map { [("Content-Type", $0)] } ?? []
    self.body = body
  }

  public static func json(_ status: Int = 200, _ members: (inout JSONText) -> Void) -> HTTPResponse {
    var json = JSONText()
    json.object(members)
    return HTTPResponse(status: status, contentType: "application/json", body: json.bytes)
  }

  public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
  }

  /// `more` adds members of the problem's own behind the common ones.
  public static func problem(_ problem: Problem, _ more: (inout JSONText) -> Void = { _ in }) -> HTTPResponse {
    var json = JSONText()
    json.object { json in
      json.member("type", "urn:meterd:problem:\(problem.kind)")
      json.member("title", problem.title)
      json.member("status", Int64(problem.status))
      json.member("detail", problem.detail)
      if let field = problem.field { json.member("field", field) }
      more(&json)
    }
    return HTTPResponse(status: problem.status, contentType: "application/problem+json", body: json.bytes)
  }

  public func adding(_ name: String, _ value: String) -> HTTPResponse {
    var more = self
    more.headers.append((name, value))
    return more
  }
}
