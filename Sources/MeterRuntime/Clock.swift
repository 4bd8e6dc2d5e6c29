import MeterModel
import MeterTelemetry

/// The two clocks of the daemon. Nothing inside the pure rooms asks either.
enum Clock {
  /// Nanoseconds; never goes back.
  static func monotonic() -> Int64 { MonotonicClock.now() }

  static func wall() -> Instant { Instant(nanoseconds: WallClock.now()) }
}
