/// The upper ends, inclusive, of a histogram's buckets. The last bucket, `+Inf`, is there without being named.
public struct HistogramBounds: Sendable, Equatable {
  /// What one unit of an observed value is. Times are observed in nanoseconds and shown in seconds.
  public enum Unit: Sendable, Equatable {
    case nanoseconds
    case one
  }

  /// A scrape shows every bucket of every series: more than this many say nothing more.
  public static let countMax = 64

  public let unit: Unit
  public let upper: [Int64]

  public static func nanoseconds(_ upper: [Int64]) -> HistogramBounds { HistogramBounds(.nanoseconds, upper) }

  public static func counts(_ upper: [Int64]) -> HistogramBounds { HistogramBounds(.one, upper) }

  /// From 100 microseconds, what an answer from memory takes, to 10 seconds, past every timeout of a caller.
  public static let latency = nanoseconds(
    [
      100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
      10_000_000,
    ]
    .map { $0 * 1000 })

  private init(_ unit: Unit, _ upper: [Int64]) {
    precondition(!upper.isEmpty && upper.count <= Self.countMax, "a histogram has 1 to \(Self.countMax) bounds")
    precondition(zip(upper, upper.dropFirst()).allSatisfy { $0 < $1 }, "the bounds of a histogram grow")
    precondition(upper[0] >= 0, "a histogram counts from 0")
    self.unit = unit
    self.upper = upper
  }
}
