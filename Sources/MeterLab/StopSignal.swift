import Glibc
import Synchronization

/// Counts the stop signals that `StopSignal.wait` let in. A handler may do no more than touch an atomic.
private let letIn = Atomic<Int>(0)

/// Holds SIGINT and SIGTERM back, so that a program ends between two steps and not inside one.
///
/// Signals stay blocked in the thread that made this, and in the threads it starts later; make it first. They are taken
/// by asking (`wasRaised`), or by `wait`, which lets them in for no longer than the wait. SIGPIPE is held back as well:
/// a reader that went away is then an error of `write`, not the end of the program. One at a time per process.
struct StopSignal: ~Copyable {
  private var blocked: sigset_t
  private var stops: sigset_t
  private var previous: sigset_t
  private var previousInterrupt: sigaction
  private var previousTerminate: sigaction

  init() throws(LabError) {
    blocked = sigset_t()
    stops = sigset_t()
    previous = sigset_t()
    previousInterrupt = sigaction()
    previousTerminate = sigaction()
    unsafe sigemptyset(&stops)
    unsafe sigaddset(&stops, SIGINT)
    unsafe sigaddset(&stops, SIGTERM)
    blocked = stops
    unsafe sigaddset(&blocked, SIGPIPE)
    let refused = unsafe pthread_sigmask(SIG_BLOCK, &blocked, &previous)
    if refused != 0 { throw .system(call: "pthread_sigmask", errno: refused) }
    // The default action would end the process inside wait(); the handler makes pselect return instead.
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in letIn.add(1, ordering: .relaxed) }
    unsafe sigaction(SIGINT, &action, &previousInterrupt)
    unsafe sigaction(SIGTERM, &action, &previousTerminate)
  }

  deinit {
    // What is still pending would strike the moment the mask is lifted, after all was said and done.
    var pending = blocked
    var none = timespec(tv_sec: 0, tv_nsec: 0)
    while unsafe sigtimedwait(&pending, nil, &none) > 0 {}
    var interrupt = previousInterrupt
    var terminate = previousTerminate
    var mask = previous
    unsafe sigaction(SIGINT, &interrupt, nil)
    unsafe sigaction(SIGTERM, &terminate, nil)
    unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
  }

  /// Takes one stop signal if one is pending, without waiting.
  func wasRaised() -> Bool {
    var set = stops
    var none = timespec(tv_sec: 0, tv_nsec: 0)
    return unsafe sigtimedwait(&set, nil, &none) > 0
  }

  /// Waits, without limit, for a stop signal (true) or for `descriptor` to become readable or closed (false). A
  /// negative descriptor is not looked at; none may reach 1,024, the size of the system's set.
  func wait(orReadable descriptor: Int32) throws(LabError) -> Bool {
    let before = letIn.load(ordering: .relaxed)
    var open = previous
    unsafe sigdelset(&open, SIGINT)
    unsafe sigdelset(&open, SIGTERM)
    while true {
      var watched = Self.set(of: descriptor)
      let ready = unsafe pselect(descriptor + 1, &watched, nil, nil, nil, &open)
      let code = errno
      if letIn.load(ordering: .relaxed) != before { return true }
      if ready > 0 { return false }
      if ready < 0, code != EINTR { throw .system(call: "pselect", errno: code) }
    }
  }

  /// The macros that fill a set are not visible from here; a set is one bit a descriptor, the lowest first.
  private static func set(of descriptor: Int32) -> fd_set {
    var set = fd_set()
    guard descriptor >= 0 else { return set }
    unsafe withUnsafeMutableBytes(of: &set) { unsafe $0[Int(descriptor) / 8] |= 1 << UInt8(descriptor % 8) }
    return set
  }
}
