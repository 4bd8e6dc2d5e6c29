import Glibc

/// Time that only goes forward, for latencies, pauses and deadlines.
public enum MonotonicClock {
  /// Nanoseconds.
  public static func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  public static func sleep(milliseconds: Int) {
    _ = poll(nil, 0, Int32(clamping: milliseconds))
  }
}
