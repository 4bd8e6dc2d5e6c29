/// What went wrong with a request, for `application/problem+json`.
public struct Problem: Sendable, Equatable {
  public var status: Int
  /// A word that programs may rely on; shown in `type`.
  public var kind: String
  public var title: String
  /// One sentence for a person, without payloads.
  public var detail: String
  /// The member or parameter at fault.
  public var field: String?

  public init(_ status: Int, _ kind: String, _ title: String, _ detail: String, field: String? = nil) {
    self.status = status
    self.kind = kind
    self.title = title
    self.detail = detail
    self.field = field
  }

  public static func badRequest(_ detail: String, field: String? = nil) -> Problem {
    Problem(400, "bad_request", "Bad Request", detail, field: field)
  }

  static let unauthorized = Problem(
    401, "unauthorized", "Unauthorized", "this needs a key: send it as 'Authorization: Bearer …'")
  static let notFound = Problem(404, "not_found", "Not Found", "there is nothing at this path")
  static let uriTooLong = Problem(414, "uri_too_long", "URI Too Long", "the path and query are too long")
  static let tooManyHeaders = Problem(
    431, "too_many_headers", "Request Header Fields Too Large", "the request has too many header fields")
  static let unknownTransferCoding = Problem(
    501, "unknown_transfer_coding", "Not Implemented", "the only transfer coding understood is chunked")
  static let noRoom = Problem(
    503, "no_room", "Service Unavailable", "too many request bodies are being received; try again in a second")

  static func forbidden(_ scope: Scope) -> Problem {
    Problem(403, "forbidden", "Forbidden", "the key lacks the scope '\(scope.rawValue)'")
  }

  static func methodNotAllowed(_ allow: String) -> Problem {
    Problem(405, "method_not_allowed", "Method Not Allowed", "this path answers \(allow)")
  }

  static func bodyTooLarge(_ bytesMax: Int) -> Problem {
    Problem(413, "body_too_large", "Content Too Large", "the body is too large (at most \(bytesMax) bytes)")
  }
}
