import MeterModel
import TestLogs

extension Tables {
  /// The view `meterd.usage`, by the series' places in a sheet, and words for each series.
  ///
  /// A level is integrated up to `until`, as if every partition had committed then.
  func usage(
    against sheet: UsageSheet, _ catalog: HostileCatalog, windowNs: Int64, until: Int64
  ) -> (rows: [UsageSheet.Row: UsageSheet.Sum], names: [Int32: String]) {
    var places: [SeriesKey: Int32] = [:]
    var meters: [SeriesKey: MeterDefinition] = [:]
    var words: [Int32: String] = [:]
    for definition in series.values.sorted(by: { $0.key < $1.key }) {
      guard let meter = catalog.meters.first(where: { $0.id == definition.meter })?.definition else { continue }
      let name = UsageSheet.name(of: definition, meter)
      // What the recount does not know gets a number of its own, and so does a second series of one name.
      var place = sheet.names[name] ?? -1 - Int32(places.count)
      if words[place] != nil { place = -1 - Int32(places.count) }
      places[definition.key] = place
      meters[definition.key] = meter
      words[place] =
        "\(String(decoding: definition.tenant, as: UTF8.self)) \(meter.name) "
        + "\(definition.values.map { String(decoding: $0, as: UTF8.self) })"
    }
    var rows = sums(places)
    addLevels(places, meters, windowNs: windowNs, until: until, to: &rows)
    return (rows, words)
  }

  /// Each partition has rows of its own; here they come together.
  private func sums(_ places: [SeriesKey: Int32]) -> [UsageSheet.Row: UsageSheet.Sum] {
    var rows: [UsageSheet.Row: UsageSheet.Sum] = [:]
    rows.reserveCapacity(rollups.count)
    var latest: [UsageSheet.Row: RollupDelta.Moment] = [:]
    var uniqueSeries: [UsageSheet.Row: SeriesKey] = [:]
    for (key, rollup) in rollups where rollup.merge != .samples && !isHeld(key.series) {
      let row = UsageSheet.Row(series: places[key.series] ?? .min, windowStartSeconds: key.windowStartSeconds)
      guard var sum = rows[row] else {
        rows[row] = UsageSheet.Sum(units: rollup.quantity.units, events: rollup.events)
        if case .latest(let moment) = rollup.merge { latest[row] = moment }
        continue
      }
      sum.events += rollup.events
      let units = rollup.quantity.units
      switch rollup.merge {
      case .add: sum.units = sum.units.flatMap { Self.sum($0, units) }
      case .max: sum.units = sum.units.map { max($0, units) }
      case .min: sum.units = sum.units.map { min($0, units) }
      case .latest(let moment):
        if let known = latest[row], known < moment { (latest[row], sum.units) = (moment, units) }
      case .unique: uniqueSeries[row] = key.series
      case .samples: break
      }
      rows[row] = sum
    }
    countTogether(uniqueSeries, &rows)
    return rows
  }

  /// Of values that several partitions saw each counts once.
  private func countTogether(
    _ series: [UsageSheet.Row: SeriesKey], _ rows: inout [UsageSheet.Row: UsageSheet.Sum]
  ) {
    guard !series.isEmpty else { return }
    var windows: [DistinctWindow: UsageSheet.Row] = [:]
    for (row, key) in series {
      windows[DistinctWindow(series: key, windowStartSeconds: row.windowStartSeconds)] = row
      rows[row]?.units = 0
    }
    for value in Set(values.map(\.value)) {
      let window = DistinctWindow(series: value.series, windowStartSeconds: value.windowStartSeconds)
      guard let row = windows[window], let units = rows[row]?.units else { continue }
      rows[row]?.units = units + 1
    }
  }

  private struct DistinctWindow: Hashable {
    var series: SeriesKey
    var windowStartSeconds: Int64
  }

  private static func sum(_ a: Int128, _ b: Int128) -> Int128? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
  }

  /// A level holds until the next sample, or until its meter's `hold` has passed. At one instant the last offset holds.
  private func addLevels(
    _ places: [SeriesKey: Int32], _ meters: [SeriesKey: MeterDefinition], windowNs: Int64, until: Int64,
    to rows: inout [UsageSheet.Row: UsageSheet.Sum]
  ) {
    var levels: [SeriesKey: [(key: SampleKey, level: Int128)]] = [:]
    for (key, level) in samples { levels[key.series, default: []].append((key, level.units)) }
    for (series, samples) in levels {
      let inOrder = samples.sorted {
        ($0.key.at, $0.key.offset, $0.key.place) < ($1.key.at, $1.key.offset, $1.key.place)
      }
      let hold = meters[series]?.hold?.nanoseconds
      var areas: [Int64: LevelArea] = [:]
      var events: [Int64: Int64] = [:]
      for (index, sample) in inOrder.enumerated() {
        events[floored(sample.key.at, windowNs), default: 0] += 1
        var end = until
        if index + 1 < inOrder.count { end = min(end, inOrder[index + 1].key.at) }
        if let hold { end = min(end, sample.key.at + hold) }
        var start = sample.key.at
        while start < end {
          let window = floored(start, windowNs)
          let stop = min(end, window + windowNs)
          areas[window, default: LevelArea()].add(sample.level, nanoseconds: stop - start)
          start = stop
        }
      }
      let place = places[series] ?? .min
      for window in Set(areas.keys).union(events.keys) {
        let row = UsageSheet.Row(series: place, windowStartSeconds: window / 1_000_000_000)
        rows[row] = UsageSheet.Sum(units: (areas[window] ?? LevelArea()).hours, events: events[window] ?? 0)
      }
    }
  }

  private func floored(_ instant: Int64, _ length: Int64) -> Int64 {
    let beyond = instant % length
    return instant - (beyond < 0 ? beyond + length : beyond)
  }
}

/// Level x time, kept as whole level x hours and a rest, so that no product leaves an Int128.
struct LevelArea {
  private static let hour: Int128 = 3_600_000_000_000
  private var whole: Int128 = 0
  /// 0 up to an hour's nanoseconds.
  private var rest: Int128 = 0

  /// Levels are never negative.
  mutating func add(_ level: Int128, nanoseconds: Int64) {
    let (hours, part) = level.quotientAndRemainder(dividingBy: Self.hour)
    let small = part * Int128(nanoseconds)
    whole += hours * Int128(nanoseconds) + small / Self.hour
    rest += small % Self.hour
    if rest >= Self.hour {
      rest -= Self.hour
      whole += 1
    }
  }

  /// Rounded half to even.
  var hours: Int128 {
    let twice = 2 * rest
    let isUp = twice > Self.hour || twice == Self.hour && whole % 2 == 1
    return whole + (isUp ? 1 : 0)
  }
}
