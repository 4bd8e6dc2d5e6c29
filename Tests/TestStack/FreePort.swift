import Foundation
import Synchronization

/// Ports of the loopback address for servers that will come, go and come back under the same number.
///
/// They lie below the range from which the kernel serves outgoing connections and port 0, so that nobody is given the
/// port of a server that is down for a moment. A port is handed out once in a process; another process can still be
/// quicker between here and the server's start, so a server that may choose again should.
public enum FreePort {
  private static let taken = Mutex<Set<Int>>([])

  /// The lower end of the kernel's own range, 32768 unless somebody moved it.
  private static let end: Int = {
    let text = (try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) } ?? 32768
  }()

  public static func take() throws(StackFailure) -> Int {
    let range = end > 12_000 ? 10_000..<end : 40_000..<60_000
    for _ in 0..<1000 {
      let port = Int.random(in: range)
      if taken.withLock({ $0.contains(port) }) { continue }
      guard let socket = Socket.listen(onPort: port, reusing: false) else { continue }
      close(socket)
      if taken.withLock({ $0.insert(port).inserted }) { return port }
    }
    throw StackFailure(at: "free port", "none was found (1000 tries in \(range))", remedy: "end other servers")
  }
}
