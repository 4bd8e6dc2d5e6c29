/// An endless, realistic stream of CloudEvents: a pure function of its options, the index and the instants asked for.
///
/// Every event is written from a random sequence of its own, so a duplicate is its original written once more and no
/// past event is kept; only their instants are, `duplicateReach` of them. It gives up sessions and daily rhythms: a
/// tenant's events are independent of each other.
public struct EventStream: Sendable {
  /// Late events reach 35 days back and must not leave 1970; 2200 leaves Int64 nanoseconds room to run on.
  static let startNsMin: Int64 = 31_536_000_000_000_000
  static let startNsMax: Int64 = 7_258_118_400_000_000_000
  /// Services hand an event over up to two seconds after it happened, and their clocks are up to 250 ms ahead.
  static let jitterNs = (past: 2_000_000_000, ahead: 250_000_000)
  /// The bound of the contract is 35 days; half a day stays free for clocks and zones.
  static let latenessNs = (least: 7_200_000_000_000.0, most: 2_980_800_000_000_000.0)

  /// An original is looked for this often among the events in reach before the first event serves.
  static let originalDrawsMax = 32

  public let options: EventStreamOptions
  /// How many events were made, which is the index of the next one.
  public private(set) var count = 0

  let vocabulary: Vocabulary
  let tenants: ZipfTable
  /// Eight hex digits that keep the ids of streams with other seeds apart.
  let seedTag: [UInt8]
  private let malformedBelow: UInt64
  private let duplicateBelow: UInt64
  private let lateBelow: UInt64
  private let intervalNs: Int64
  private var instants: [Int64]
  private var firstInstant: Int64 = 0

  public init(_ options: EventStreamOptions) throws(LabError) {
    try options.validate()
    self.options = options
    vocabulary = Vocabulary(exponent: options.nameExponent)
    tenants = ZipfTable(count: options.tenants, exponent: options.tenantExponent)
    var tag: [UInt8] = []
    tag.appendHexadecimal(UInt32(truncatingIfNeeded: SplitMix64.mix(options.seed &+ 1)))
    seedTag = tag
    let scale = 9_007_199_254_740_992.0
    malformedBelow = UInt64(options.malformedShare * scale)
    duplicateBelow = UInt64((options.malformedShare + options.duplicateShare) * scale)
    lateBelow = UInt64((options.malformedShare + options.duplicateShare + options.lateShare) * scale)
    intervalNs = options.intervalNs
    instants = [Int64](repeating: 0, count: options.duplicateReach + 1)
  }

  /// Makes the next event at the instant that the stream's own clock shows.
  public mutating func next(into record: inout GeneratedRecord) {
    let (passed, tooFar) = Int64(count).multipliedReportingOverflow(by: intervalNs)
    let (instant, beyond) = options.startNs.addingReportingOverflow(passed)
    next(into: &record, at: tooFar || beyond ? Self.startNsMax : instant)
  }

  /// Makes the next event at an instant of the caller's, in nanoseconds since 1970; it is held within 1971 to 2200.
  public mutating func next(into record: inout GeneratedRecord, at instantNs: Int64) {
    let index = count
    let instant = min(max(instantNs, Self.startNsMin), Self.startNsMax)
    instants[index % instants.count] = instant
    if index == 0 { firstInstant = instant }
    record.timestampMs = instant / 1_000_000
    record.condition = condition(of: index)
    if record.condition == .duplicate {
      let original = original(of: index)
      let then = original == 0 ? firstInstant : instants[original % instants.count]
      write(original, at: then, condition(of: original), into: &record)
    } else {
      write(index, at: instant, record.condition, into: &record)
    }
    count += 1
  }

  /// The first draw of an event's sequence decides.
  private func condition(of index: Int) -> Condition {
    var random = SplitMix64(seed: options.seed, index: index)
    let draw = random.next() >> 11
    if draw >= lateBelow || index == 0 { return .punctual }
    if draw >= duplicateBelow { return .late }
    if draw >= malformedBelow { return .duplicate }
    return .malformed(Flaw.allCases[random.below(Flaw.allCases.count)])
  }

  private func original(of index: Int) -> Int {
    var random = SplitMix64(seed: options.seed, index: index)
    _ = random.next()
    let reach = min(index, options.duplicateReach)
    for _ in 0..<Self.originalDrawsMax {
      let candidate = index - 1 - random.below(reach)
      switch condition(of: candidate) {
      case .punctual, .late: return candidate
      case .duplicate, .malformed: continue
      }
    }
    return 0
  }
}
