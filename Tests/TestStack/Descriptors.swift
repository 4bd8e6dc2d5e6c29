import Foundation
import Synchronization

/// File descriptors that a child must not get.
///
/// accept(2) and pipe(2) cannot mark what they make as closed on exec in the same step here, and a child that is
/// started in between would hold a connection open that a test believes it has cut. So making and starting take turns.
enum Descriptors {
  static let turn = Mutex<Void>(())

  static func pipe() -> (reading: Int32, writing: Int32)? {
    turn.withLock { _ in
      var ends: [Int32] = [-1, -1]
      guard unsafe Glibc.pipe(&ends) == 0 else { return nil }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends[0], ends[1])
    }
  }

  static func accept(from listener: Int32) -> Int32? {
    turn.withLock { _ in
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { return nil }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      return descriptor
    }
  }

  /// What is open now, also what others opened without a thought for children.
  static var open: [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).compactMap { Int32($0) }
  }

  static func open(_ path: String, _ flags: Int32) -> Int32 { unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600) }
}
