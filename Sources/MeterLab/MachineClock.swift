import Glibc

/// Time as the laboratory's programs need it: to be paced by and to be measured with.
enum MachineClock {
  static func sleep(ns: Int64) {
    var left = timespec(tv_sec: Int(ns / 1_000_000_000), tv_nsec: Int(ns % 1_000_000_000))
    // An early end, by a signal, is as good: every caller looks at its clock again.
    _ = unsafe nanosleep(&left, nil)
  }

  /// Nanoseconds that only go forward, from an origin of no meaning.
  static func monotonicNs() -> Int64 { now(CLOCK_MONOTONIC) }

  /// Nanoseconds since 1970.
  static func wallNs() -> Int64 { now(CLOCK_REALTIME) }

  private static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
