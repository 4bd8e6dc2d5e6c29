import Glibc

/// A client that sends what it likes, byte for byte.
final class RawClient {
  let socket: Int32
  private var unread: [UInt8] = []

  init(port: UInt16, receiveBytes: Int32? = nil) {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // Only a failure takes so long, however busy the machine is.
    var patience = timeval(tv_sec: 120, tv_usec: 0)
    unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    unsafe setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  deinit { close(socket) }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(socket, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Everything until the server closes, or nothing comes for two minutes.
  func readToEnd() -> String {
    while fill() {}
    defer { unread = [] }
    return String(decoding: unread, as: UTF8.self)
  }

  /// True when the server closed the connection within two minutes.
  func isClosedByServer() -> Bool {
    while true {
      var byte: UInt8 = 0
      let count = unsafe recv(socket, &byte, 1, 0)
      if count > 0 { continue }
      return count == 0 || errno != EAGAIN
    }
  }

  /// One answer: head and, by its content-length, body.
  func readAnswer(hasBody: Bool = true) -> (head: String, body: String)? {
    let mark = Array("\r\n\r\n".utf8)
    while true {
      if let end = unread.indices.first(where: { unread[$0...].starts(with: mark) }) {
        let head = String(decoding: unread[..<end], as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
        let count = hasBody ? length.flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0 : 0
        if unread.count >= end + 4 + count {
          let body = String(decoding: unread[(end + 4)..<(end + 4 + count)], as: UTF8.self)
          unread.removeFirst(end + 4 + count)
          return (head, body)
        }
      }
      guard fill() else { return nil }
    }
  }

  func get(_ path: String, headers: String = "", method: String = "GET") -> (head: String, body: String)? {
    send("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
    return readAnswer(hasBody: method != "HEAD")
  }

  private func fill() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { return false }
    unread.append(contentsOf: chunk[..<count])
    return true
  }
}
