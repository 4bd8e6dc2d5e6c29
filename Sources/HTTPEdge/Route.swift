/// One thing the server answers: a method, a path pattern, what a key needs for it, and who answers.
public struct Route: Sendable {
  enum Segment: Sendable, Equatable {
    case literal(String)
    case parameter(String)
  }

  public let method: String
  /// `/v1/tenants/{tenant}/usage`: a segment in braces takes any one non-empty segment.
  public let pattern: String
  public let scope: Scope
  /// Runs on the server's only thread: it answers from memory and does not wait.
  public let handler: @Sendable (HTTPRequest) -> HTTPResponse
  let segments: [Segment]

  public init(
    _ method: String, _ pattern: String, scope: Scope, handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
  ) {
    precondition(pattern.hasPrefix("/"), "a route's pattern begins with a slash")
    precondition(method != "HEAD", "HEAD is answered by the route of GET")
    self.method = method
    self.pattern = pattern
    self.scope = scope
    self.handler = handler
    segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part in
      part.hasPrefix("{") && part.hasSuffix("}")
        ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
    }
    let names = segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    precondition(Set(names).count == names.count, "a route's parameters have different names")
  }

  /// Nil when the path is another one. Segments compare byte by byte: names that only look alike are different.
  func match(_ path: [String]) -> [String: String]? {
    guard path.count == segments.count else { return nil }
    var parameters: [String: String] = [:]
    for (segment, given) in zip(segments, path) {
      switch segment {
      case .literal(let text): guard text.utf8.elementsEqual(given.utf8) else { return nil }
      case .parameter(let name):
        guard !given.isEmpty else { return nil }
        parameters[name] = given
      }
    }
    return parameters
  }
}
