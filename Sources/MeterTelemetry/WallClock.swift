import Glibc

/// The machine's clock, as nanoseconds since 1970. Whoever needs the time takes a closure; only the program hands on
/// this one.
public enum WallClock {
  @Sendable public static func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
