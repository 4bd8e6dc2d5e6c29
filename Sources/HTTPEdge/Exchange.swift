/// One request on its way in and its answer on the way out. Owned by libmicrohttpd's connection from the request line
/// until the completion callback; touched by the server's thread only.
final class Exchange {
  let target: [UInt8]
  let targetIsTooLong: Bool
  let startedNanoseconds: Int64

  /// Set when the headers are complete.
  var isOpen = false
  var method = ""
  var query: [(name: String, value: String)] = []
  var parameters: [String: String] = [:]
  var headers = HTTPHeaders()
  /// Place in the route table; nil for what no route wants.
  var route: Int?
  /// Known before the body was read; sent when it was.
  var refusal: HTTPResponse?
  var body: [UInt8] = []
  /// Bytes of the body that came, kept or not.
  var received = 0
  /// Set when an answer was queued.
  var status: Int?

  init(target: [UInt8], targetIsTooLong: Bool, startedNanoseconds: Int64) {
    self.target = target
    self.targetIsTooLong = targetIsTooLong
    self.startedNanoseconds = startedNanoseconds
  }
}
