import Foundation

/// What a server answered to one request on a connection of its own.
public struct HTTPAnswer: Sendable {
  public let status: Int
  /// Names in lower case.
  public let headers: [String: String]
  public let body: String

  /// Sends one request to `HOST:PORT`. The answer is read to its end, of at most 64 MiB.
  public static func ask(
    _ method: String = "GET", _ path: String, of address: String, headers: [String: String] = [:], body: String = "",
    within limit: Duration = .patience
  ) throws(StackFailure) -> HTTPAnswer {
    let place = "http \(method) \(address)\(path)"
    let deadline = Deadline(within: limit)
    let parts = address.split(separator: ":")
    guard parts.count == 2, let port = Int(parts[1]) else { throw StackFailure(at: place, "not HOST:PORT") }
    guard let socket = Socket.connect(to: String(parts[0]), port: port) else {
      throw StackFailure(at: place, "cannot connect (\(lastError()))")
    }
    defer { close(socket) }
    var head = "\(method) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if !body.isEmpty || method != "GET" { head += "Content-Length: \(body.utf8.count)\r\n" }

    var unsent = Array("\(head)\r\n\(body)".utf8)
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    reading: while received.count < 64 << 20 {
      var polled = pollfd(fd: socket, events: Int16(unsent.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0)
      let ready = unsafe poll(&polled, 1, deadline.remainingMs)
      if ready == 0 { throw StackFailure(at: place, "no answer (\(limit.spoken))") }
      if !unsent.isEmpty {
        let count = unsafe send(socket, unsent, unsent.count, Int32(MSG_NOSIGNAL))
        if count > 0 { unsent.removeFirst(count) }
        if count < 0, errno != EAGAIN { throw StackFailure(at: place, "cannot send (\(lastError()))") }
      }
      let count = unsafe recv(socket, &chunk, chunk.count, 0)
      if count == 0 { break reading }
      if count > 0 {
        received += chunk[..<count]
      } else if errno != EAGAIN, errno != EINTR {
        throw StackFailure(at: place, "the answer was cut (\(lastError()))", evidence: "\(received.count) bytes came")
      }
    }
    guard let answer = HTTPAnswer(received) else {
      throw StackFailure(
        at: place, "not an answer", evidence: String(decoding: received.prefix(1000), as: UTF8.self))
    }
    return answer
  }

  private init?(_ bytes: [UInt8]) {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    let first = lines[0].split(separator: " ")
    guard first.count >= 2, first[0].hasPrefix("HTTP/"), let status = Int(first[1]) else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    self.status = status
    self.headers = headers
    let rest = bytes[end.upperBound...]
    let isChunked = headers["transfer-encoding"]?.lowercased() == "chunked"
    guard let content = isChunked ? Self.joined(rest) : Array(rest) else { return nil }
    if let length = headers["content-length"].flatMap({ Int($0) }), length != content.count { return nil }
    body = String(decoding: content, as: UTF8.self)
  }

  /// The chunks of a chunked body put together; nil when the last one is missing.
  private static func joined(_ chunked: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = chunked
    var content: [UInt8] = []
    while let line = rest.firstRange(of: [13, 10]) {
      let size = String(decoding: rest[..<line.lowerBound], as: UTF8.self).split(separator: ";").first ?? ""
      guard let count = Int(size.trimmingCharacters(in: .whitespaces), radix: 16), count >= 0 else { return nil }
      if count == 0 { return content }
      guard rest.endIndex - line.upperBound >= count + 2 else { return nil }
      content += rest[line.upperBound..<(line.upperBound + count)]
      rest = rest[(line.upperBound + count + 2)...]
    }
    return nil
  }
}
