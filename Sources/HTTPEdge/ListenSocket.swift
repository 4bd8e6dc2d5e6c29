import Glibc
import MeterModel

/// A bound and listening socket. Bound here and not by libmicrohttpd, whose failures have no reason that a person could
/// act on.
struct ListenSocket {
  let descriptor: Int32
  let port: UInt16
  let isLoopback: Bool

  /// For a socket that no daemon took over.
  func close() { Glibc.close(descriptor) }

  static func open(_ address: HTTPAddress) throws(Complaint) -> ListenSocket {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    let outcome = unsafe getaddrinfo(address.host, String(address.port), &hints, &found)
    guard outcome == 0, let first = unsafe found else {
      let reason = unsafe String(cString: gai_strerror(outcome))
      throw complaint(address, "the host is not known here (\(reason))", "name an address of this machine")
    }
    defer { unsafe freeaddrinfo(found) }
    let family = unsafe first.pointee.ai_family
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0 else { throw complaint(address, errno) }
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    // Connections of the process before us may linger for a minute; they must not keep us from starting.
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
    if family == AF_INET6 { unsafe setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, size) }
    // The backlog holds who comes while all connections are taken.
    guard unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0, listen(descriptor, 128) == 0
    else {
      let code = errno
      Glibc.close(descriptor)
      throw complaint(address, code)
    }
    let (port, isLoopback) = whereabouts(descriptor)
    return ListenSocket(descriptor: descriptor, port: port, isLoopback: isLoopback)
  }

  private static func whereabouts(_ descriptor: Int32) -> (UInt16, isLoopback: Bool) {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutablePointer(to: &storage) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = unsafe getsockname(descriptor, $0, &size) }
      if unsafe storage.pointee.ss_family == sa_family_t(AF_INET6) {
        return unsafe storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
          let bytes = unsafe Array(withUnsafeBytes(of: address.pointee.sin6_addr) { unsafe Array($0) })
          let isLoopback = bytes == [UInt8](repeating: 0, count: 15) + [1]
          return unsafe (UInt16(bigEndian: address.pointee.sin6_port), isLoopback)
        }
      }
      return unsafe storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
        let host = unsafe UInt32(bigEndian: address.pointee.sin_addr.s_addr)
        return unsafe (UInt16(bigEndian: address.pointee.sin_port), host >> 24 == 127)
      }
    }
  }

  private static func complaint(_ address: HTTPAddress, _ code: Int32) -> Complaint {
    switch code {
    case EADDRINUSE:
      complaint(address, "another process listens there", "stop it, or set http.listen to another port")
    case EADDRNOTAVAIL:
      complaint(address, "this machine has no such address", "set http.listen to one that it has")
    case EACCES:
      complaint(address, "this user may not listen there", "set http.listen to a port above 1023")
    default:
      complaint(
        address, unsafe "cannot listen (\(String(cString: strerror(code))))", "set http.listen to another address")
    }
  }

  private static func complaint(_ address: HTTPAddress, _ problem: String, _ remedy: String) -> Complaint {
    Complaint(.unavailable, at: "http: \(address)", problem, remedy: remedy)
  }
}
