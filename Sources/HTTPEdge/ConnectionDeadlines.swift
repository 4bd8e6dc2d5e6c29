import Glibc
import Synchronization

/// Ends connections that finish no request in time.
///
/// libmicrohttpd closes a connection on which nothing moves, but one that sends a byte every few seconds lives for
/// ever, and a few hundred of those take every place there is. So each connection has to finish a request within a
/// fixed time of its opening or of its last one. A socket is shut down, never closed, and only under the lock that
/// its closing takes first: its number cannot have passed to another connection meanwhile.
final class ConnectionDeadlines: Sendable {
  private let since = Mutex<[Int32: Int64]>([:])

  func open(_ socket: Int32, at now: Int64) { since.withLock { $0[socket] = now } }

  /// A request was finished: the time runs anew.
  func renew(_ socket: Int32, at now: Int64) {
    since.withLock { if $0[socket] != nil { $0[socket] = now } }
  }

  func close(_ socket: Int32) { since.withLock { $0[socket] = nil } }

  var count: Int { since.withLock { $0.count } }

  /// Gives how many connections were ended.
  func sweep(at now: Int64, limitNanoseconds: Int64) -> Int {
    since.withLock { since in
      let late = since.filter { now - $0.value > limitNanoseconds }
      for socket in late.keys {
        shutdown(socket, Int32(SHUT_RDWR))
        since[socket] = nil
      }
      return late.count
    }
  }
}
