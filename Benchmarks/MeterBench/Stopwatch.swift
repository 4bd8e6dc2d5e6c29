import Glibc

/// Adds up the processor time of a thread, or of the whole process, between its starts and stops.
struct Stopwatch {
  enum Scope {
    case thread, process
  }

  private let clock: clockid_t
  private var began: Int64 = 0
  private(set) var nanoseconds: Int64 = 0

  init(_ scope: Scope = .thread) { clock = scope == .thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID }

  mutating func start() { began = now }
  mutating func stop() { nanoseconds += now - began }

  private var now: Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
