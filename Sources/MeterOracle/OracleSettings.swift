/// The settings of the daemon that decide what a record counts for, with the contract's defaults.
public struct OracleSettings: Sendable {
  /// `rollup.window`: the length of a window.
  public var rollupWindow: Duration = .seconds(3600)
  /// `dedupe.window`: how long an identity is recognised at least.
  public var dedupeWindow: Duration = .seconds(24 * 3600)
  /// `time.max_past`: how far an event may lie before its record's Kafka timestamp. Exactly as far is taken.
  public var maxPast: Duration = .seconds(35 * 24 * 3600)
  /// `time.max_future`: how far an event may lie after its record's Kafka timestamp, and a record after `now`. Exactly
  /// as far is taken.
  public var maxFuture: Duration = .seconds(600)
  /// `events.max_size`: the largest value of a record, after decompression.
  public var maxEventBytes = 1 << 20
  /// `series.max_per_meter`: for each tenant, meter and window.
  public var maxSeriesPerMeter = 10_000
  /// `unique.exact_max`: beyond it the daemon may estimate. The oracle stays exact and says `approximate`.
  public var uniqueExactMax = 65_536
  /// This machine's clock for the whole recount.
  public var now: OracleInstant
  /// What happens to identities older than `dedupeWindow`.
  public var forgetting: OracleForgetting = .afterWindow(plus: .zero)

  public init(now: OracleInstant) {
    self.now = now
  }
}

/// When an identity is forgotten. The contract promises only that it is recognised for at least `dedupe.window`, so this
/// is a choice that a comparison with a daemon has to set, or has to stay away from.
///
/// The age of an identity is the largest Kafka timestamp accepted in its partition up to now, less the largest one that
/// had been accepted when it was counted or voided (its own record's included).
public enum OracleForgetting: Sendable {
  /// Forgotten when the age exceeds `dedupe.window` plus this; at exactly that age it is still known.
  case afterWindow(plus: Duration)
  /// The documented rounding of `dedupe.window`: time is cut into sixteenths of the window, in whole milliseconds
  /// rounded up, and an identity is forgotten when the clock is more than sixteen of them past the one it was counted in.
  case bySixteenths
  /// Never forgotten. A void of something counted longer ago than `dedupe.window` is refused all the same.
  case never

  var isNever: Bool {
    if case .never = self { true } else { false }
  }
}

extension OracleSettings {
  /// Whether what was counted at `countedAt` is forgotten once the partition's clock stands at `clock`.
  func isForgotten(_ countedAt: OracleInstant, at clock: OracleInstant) -> Bool {
    switch forgetting {
    case .never:
      return false
    case .afterWindow(let more):
      return clock > countedAt + dedupeWindow + more
    case .bySixteenths:
      let windowMs = Int64(dedupeWindow.wholeNanoseconds / 1_000_000)
      let sixteenth = Duration.milliseconds(max(1, (windowMs + 15) / 16))
      return clock.windowStart(sixteenth) > countedAt.windowStart(sixteenth) + sixteenth * 16
    }
  }
}
