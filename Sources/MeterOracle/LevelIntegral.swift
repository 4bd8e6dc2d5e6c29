/// The level of one series of a `time_weighted` meter, integrated over time.
struct LevelIntegral {
  /// Level x nanoseconds in each window that the level reaches into, also where the level is 0. The level is times 10^scale.
  private(set) var areas: [OracleInstant: WholeNumber] = [:]

  /// A level holds from its sample until the next one, or until `hold` has passed, or until `upTo`; over the ends of
  /// windows. The samples may come in any order.
  ///
  /// Choice: once `hold` has passed there is no level, and so no row, until the next sample.
  init(of samples: [Sample], hold: Duration?, upTo: OracleInstant, window: Duration) {
    // At one instant the last offset holds: of those, the sort puts it last.
    var levels: [Sample] = []
    for sample in samples.sorted(by: Sample.isEarlier) {
      if levels.last?.time == sample.time { levels.removeLast() }
      levels.append(sample)
    }
    for (index, level) in levels.enumerated() {
      var end = upTo
      if index + 1 < levels.count { end = min(end, levels[index + 1].time) }
      if let hold { end = min(end, level.time + hold) }
      add(level.units, from: level.time, to: end, window: window)
    }
  }

  private mutating func add(_ units: WholeNumber, from start: OracleInstant, to end: OracleInstant, window: Duration) {
    var start = start
    while start < end {
      let windowStart = start.windowStart(window)
      let stop = min(end, windowStart + window)
      let area = units * WholeNumber(stop.nanoseconds(since: start))
      areas[windowStart] = (areas[windowStart] ?? .zero) + area
      start = stop
    }
  }

  /// In value x hours, times 10^scale, rounded half to even.
  static func quantity(area: WholeNumber) -> WholeNumber {
    let nanosecondsPerHour = 3_600_000_000_000
    return area.dividedHalfToEven(by: nanosecondsPerHour)
  }
}
