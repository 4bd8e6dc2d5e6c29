/// Says how many events are due, evenly over time.
///
/// Falling behind is made up for by at most `arrearsNs`; a longer stall moves the schedule instead of ending in a burst
/// that no service would make.
struct Pace {
  /// Finer steps would only wake the processor more often.
  static let sliceNs: Int64 = 1_000_000
  static let arrearsNs: Int64 = 1_000_000_000

  private let rate: Double
  private var originNs: Int64
  private var made = 0

  init(rate: Double, nowNs: Int64) {
    self.rate = rate
    originNs = nowNs
  }

  /// The first event is due at once.
  mutating func due(nowNs: Int64) -> Int {
    var should = Int(Double(nowNs - originNs) / 1e9 * rate) + 1
    let most = Int(rate * Double(Self.arrearsNs) / 1e9) + 1
    if should - made > most {
      originNs += Int64(Double(should - made - most) / rate * 1e9)
      should = made + most
    }
    return max(0, should - made)
  }

  mutating func count(_ events: Int) { made += events }

  /// How long until the next event is due, at least a slice when the rate is higher.
  func waitNs(nowNs: Int64) -> Int64 {
    let dueNs = originNs + Int64((Double(made) / rate * 1e9).rounded(.up))
    return max(dueNs - nowNs, Self.sliceNs)
  }
}
