import Foundation

/// The moment after which waiting is a failure. Everything in the test stack that waits has one.
struct Deadline: Sendable {
  let end: ContinuousClock.Instant
  let allowed: Duration

  init(within allowed: Duration) {
    self.allowed = allowed
    end = .now + allowed
  }

  var hasPassed: Bool { .now >= end }

  /// What poll(2) wants: milliseconds, rounded up so that a short rest is not a busy loop, and never negative.
  var remainingMs: Int32 { Deadline.milliseconds(ContinuousClock.now.duration(to: end)) }

  static func milliseconds(_ duration: Duration) -> Int32 {
    if duration <= .zero { return 0 }
    let (seconds, attoseconds) = duration.components
    if seconds > 3600 { return 3_600_000 }
    return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }

  /// Rests for `step`, or for what is left when that is less.
  func rest(_ step: Duration) {
    let left = ContinuousClock.now.duration(to: end)
    let (seconds, attoseconds) = max(.zero, min(step, left)).components
    Thread.sleep(forTimeInterval: Double(seconds) + Double(attoseconds) / 1e18)
  }
}

extension Duration {
  /// How long a test waits for what must come. Only a failure takes so long, so it is far beyond what a machine needs that is
  /// five times slower and busy with something else.
  public static let patience: Duration = .seconds(120)

  /// What a promised time becomes in a test. The promise is about a machine that is not overloaded, and the one that runs the
  /// tests may be. Where a promise is forgotten, the waits behind it are those of Kafka and PostgreSQL: a minute, or for ever.
  public static func promised(_ time: Duration) -> Duration { time * 6 }

  /// For messages: `1.5 s`, `20 ms`.
  var spoken: String {
    let ms = Deadline.milliseconds(self)
    return ms < 1000 ? "\(ms) ms" : "\(Double(ms / 100) / 10) s"
  }
}
