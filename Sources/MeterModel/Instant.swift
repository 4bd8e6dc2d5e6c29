/// A length of time in whole nanoseconds.
public struct TimeSpan: Sendable, Hashable, Comparable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func milliseconds(_ n: Int64) -> TimeSpan { TimeSpan(nanoseconds: n * 1_000_000) }
  public static func seconds(_ n: Int64) -> TimeSpan { TimeSpan(nanoseconds: n * 1_000_000_000) }
  public static func minutes(_ n: Int64) -> TimeSpan { .seconds(n * 60) }
  public static func hours(_ n: Int64) -> TimeSpan { .seconds(n * 3600) }
  public static func days(_ n: Int64) -> TimeSpan { .hours(n * 24) }

  public var milliseconds: Int64 { nanoseconds / 1_000_000 }
  public var seconds: Int64 { nanoseconds / 1_000_000_000 }

  public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.nanoseconds < b.nanoseconds }
}

/// A point in time in nanoseconds since 1970 in UTC, without leap seconds.
///
/// Reaches from 1677 to 2262. What lies outside is held at the nearer end, which every lateness bound refuses.
public struct Instant: Sendable, Hashable, Comparable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Kafka's timestamps are milliseconds and may be anything a producer writes.
  @inlinable
  public init(saturatingMilliseconds ms: Int64) {
    let (product, overflow) = ms.multipliedReportingOverflow(by: 1_000_000)
    nanoseconds = overflow ? (ms < 0 ? .min : .max) : product
  }

  @inlinable
  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  @inlinable
  public func saturatingAdding(_ span: TimeSpan) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(span.nanoseconds)
    return Instant(nanoseconds: overflow ? (span.nanoseconds < 0 ? .min : .max) : sum)
  }
}
