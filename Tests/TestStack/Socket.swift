import Foundation

/// The few calls on loopback TCP sockets that the stack needs. Every descriptor is closed on exec.
enum Socket {
  private static let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

  private static func address(_ host: in_addr_t, _ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = host
    return address
  }

  private static func withAddress(
    _ host: in_addr_t, _ port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = address(host, port)
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// A listening socket on 127.0.0.1, port 0 meaning any; nil when the port is taken.
  static func listen(onPort port: Int, reusing: Bool = true) -> Int32? {
    let descriptor = socket(AF_INET, kind, 0)
    if descriptor < 0 { return nil }
    if reusing { set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) }
    let bound = unsafe withAddress(inet_addr("127.0.0.1"), port) { unsafe bind(descriptor, $0, $1) }
    if bound == 0, Glibc.listen(descriptor, 128) == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  /// A socket on its way to `host`, which is a name or an IPv4 address; nil when there is no such host.
  static func connect(to host: String, port: Int) -> Int32? {
    let numeric = unsafe inet_addr(host == "localhost" ? "127.0.0.1" : host)
    if numeric == INADDR_NONE { return nil }
    let descriptor = socket(AF_INET, kind, 0)
    if descriptor < 0 { return nil }
    set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    let done = unsafe withAddress(numeric, port) { unsafe Glibc.connect(descriptor, $0, $1) }
    if done == 0 || errno == EINPROGRESS { return descriptor }
    close(descriptor)
    return nil
  }

  /// The outcome of a connect that was under way, as an errno.
  static func takeError(of descriptor: Int32) -> Int32 {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
  }

  /// The next client, or nil when none waits.
  static func accept(from listener: Int32) -> Int32? {
    guard let descriptor = Descriptors.accept(from: listener) else { return nil }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    return descriptor
  }

  static func port(of descriptor: Int32) -> Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &size) }
    }
    return Int(in_port_t(bigEndian: address.sin_port))
  }

  /// Closing sends RST and forgets what was not sent yet.
  static func closeWithReset(_ descriptor: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close(descriptor)
  }

  /// Closing sends FIN. Bytes that arrived and were not read would turn it into RST, so they are read first.
  static func closeWithFinish(_ descriptor: Int32) {
    shutdown(descriptor, Int32(SHUT_WR))
    var rest = [UInt8](repeating: 0, count: 65_536)
    for _ in 0..<256 where unsafe recv(descriptor, &rest, rest.count, 0) <= 0 { break }
    close(descriptor)
  }

  /// How many bytes the other side has not acknowledged; SIOCOUTQ of linux/sockios.h.
  static func unacknowledged(_ descriptor: Int32) -> Int {
    var count: Int32 = 0
    return unsafe ioctl(descriptor, 0x5411, &count) == 0 ? Int(count) : 0
  }

  private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}
