import Synchronization

/// Counts observations by size. The sum is an integer (nanoseconds for times), so that it is exact and one atomic add;
/// 292 years of nanoseconds fit.
///
/// A reader may see an observation's bucket before its sum. The count is made from the buckets, so those two always
/// agree, whoever writes meanwhile.
public final class Histogram: Sendable {
  public let bounds: HistogramBounds
  private let buckets: [Counter]
  private let total = Atomic<Int64>(0)

  init(_ bounds: HistogramBounds) {
    self.bounds = bounds
    buckets = (0...bounds.upper.count).map { _ in Counter() }
  }

  public var count: Int64 { buckets.reduce(0) { $0 &+ $1.value } }
  public var sum: Int64 { total.load(ordering: .relaxed) }

  /// In the unit of the bounds: nanoseconds for times. A negative value, from a clock set back, counts as 0.
  public func observe(_ value: Int64) {
    let value = max(0, value)
    var low = 0
    var high = bounds.upper.count
    while low < high {
      let middle = (low + high) / 2
      if bounds.upper[middle] < value { low = middle + 1 } else { high = middle }
    }
    buckets[low].add(1)
    total.wrappingAdd(value, ordering: .relaxed)
  }

  /// Observations in each bucket alone, the last one that of `+Inf`.
  var counts: [Int64] { buckets.map(\.value) }
}
