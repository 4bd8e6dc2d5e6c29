import Glibc
import MeterModel

/// The two clocks of the daemon. Nothing inside the pure rooms asks either.
enum Clock {
  /// Nanoseconds; never goes back.
  static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }

  static func wall() -> Instant { Instant(nanoseconds: read(CLOCK_REALTIME)) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
