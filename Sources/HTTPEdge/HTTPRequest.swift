/// One request, whole: it reaches a handler only when its body has come to its end within the bounds.
public struct HTTPRequest: Sendable {
  public let method: String
  /// Values of the pattern's `{name}` segments.
  public let parameters: [String: String]
  public let query: [(name: String, value: String)]
  /// Without `authorization`: a handler never sees a key, so it cannot log one.
  public let headers: HTTPHeaders
  public let body: [UInt8]
  private let grants: @Sendable (Scope) -> Bool

  init(
    method: String, parameters: [String: String], query: [(name: String, value: String)], headers: HTTPHeaders,
    body: [UInt8], grants: @escaping @Sendable (Scope) -> Bool
  ) {
    self.method = method
    self.parameters = parameters
    self.query = query
    self.headers = HTTPHeaders(headers.fields.filter { $0.name != "authorization" }.map { ($0.name, $0.value) })
    self.body = body
    self.grants = grants
  }

  /// Whether the sender's key reaches that far; without keys everybody's does. For open routes that say more to some.
  public func may(_ scope: Scope) -> Bool { grants(scope) }
}
