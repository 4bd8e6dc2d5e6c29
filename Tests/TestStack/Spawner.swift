import Foundation
import Synchronization

/// Starts every process of the test stack, on one thread that never ends.
///
/// A child's parent death signal is bound to the thread that made it, not to the process: started from a thread of a
/// pool, a child would be killed whenever the pool lets that thread go.
final class Spawner: Sendable {
  static let shared = Spawner()

  private let orders = Mutex<[Order]>([])
  private let waiting = DispatchSemaphore(value: 0)

  private init() {
    Thread.detachNewThread { [self] in
      while true {
        waiting.wait()
        let order = orders.withLock { $0.removeFirst() }
        let started = Descriptors.turn.withLock { _ in Spawner.spawn(order.launch) }
        order.outcome.withLock { $0 = started }
        order.done.signal()
      }
    }
  }

  /// What to start: descriptors are given as (ours, the child's), and all others are closed in the child.
  struct Launch: Sendable {
    var arguments: [String]
    var environment: [String: String]
    var descriptors: [(Int32, Int32)]
    /// A session of its own leaves the terminal's signals behind; otherwise the child leads a process group.
    var leadsSession = false
  }

  /// The pid, or the errno of posix_spawn(3).
  func start(_ launch: Launch) -> Result<pid_t, Errno> {
    let order = Order(launch)
    orders.withLock { $0.append(order) }
    waiting.signal()
    order.done.wait()
    return order.outcome.withLock { $0 }
  }

  private final class Order: Sendable {
    let launch: Launch
    let outcome = Mutex<Result<pid_t, Errno>>(.failure(Errno(code: EINVAL)))
    let done = DispatchSemaphore(value: 0)

    init(_ launch: Launch) {
      self.launch = launch
    }
  }

  struct Errno: Error, Sendable {
    var code: Int32
    var text: String { unsafe String(cString: strerror(code)) }
  }

  private static func spawn(_ launch: Launch) -> Result<pid_t, Errno> {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    var firstClosed: Int32 = 3
    for (ours, theirs) in launch.descriptors {
      unsafe posix_spawn_file_actions_adddup2(&actions, ours, theirs)
      firstClosed = max(firstClosed, theirs + 1)
    }
    for stray in Descriptors.open where stray >= firstClosed {
      unsafe posix_spawn_file_actions_addclose(&actions, stray)
    }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // Threads of this process may block or ignore signals that the child must get.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    // POSIX_SPAWN_SETSID of spawn.h is 0x80; it is hidden behind a feature macro.
    let group: Int32 = launch.leadsSession ? 0x80 : Int32(POSIX_SPAWN_SETPGROUP)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(group | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))

    // The copies are ours and freed here; the child has its own from the moment that posix_spawn() returns.
    var arguments = unsafe launch.arguments.map { unsafe strdup($0) }
    var environment = unsafe launch.environment.map { unsafe strdup("\($0)=\($1)") }
    unsafe arguments.append(nil)
    unsafe environment.append(nil)
    defer {
      unsafe arguments.forEach { unsafe free($0) }
      unsafe environment.forEach { unsafe free($0) }
    }
    var pid: pid_t = 0
    let code = unsafe posix_spawn(&pid, launch.arguments[0], &actions, &attributes, arguments, environment)
    return code == 0 ? .success(pid) : .failure(Errno(code: code))
  }
}
