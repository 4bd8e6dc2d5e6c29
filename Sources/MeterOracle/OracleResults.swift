/// What the records came to. Every list is sorted, so two recounts of the same records are equal.
public struct OracleResults: Equatable, Sendable {
  public struct Dimension: Equatable, Sendable {
    /// The path as the meter gives it.
    public let path: OracleText
    public let value: OracleText
  }

  /// One series in one window, over all partitions.
  public struct Usage: Equatable, Sendable {
    public let tenant: OracleText
    public let meter: OracleText
    /// In the order of the meter's dimensions.
    public let dimensions: [Dimension]
    /// In seconds since 1970.
    public let windowStart: Int64
    public let windowEnd: Int64
    /// Exact, without exponent and trailing zeros.
    public let quantity: String
    public let events: Int
    /// True when a daemon may give an estimate here. The quantity is exact all the same.
    public let approximate: Bool
  }

  /// How many events of a partition ended in each verdict.
  public struct Accounting: Equatable, Sendable {
    public let topic: OracleText
    public let partition: Int
    public let verdicts: [OracleVerdict: Int]

    public var events: Int {
      verdicts.values.reduce(0, +)
    }

    public subscript(verdict: OracleVerdict) -> Int {
      verdicts[verdict] ?? 0
    }
  }

  public struct Quarantined: Equatable, Sendable {
    public let topic: OracleText
    public let partition: Int
    public let offset: Int64
    /// The place in the batch, 0 for a record that is no batch or could not be split.
    public let index: Int
    public let reason: OracleReason
    /// For a person; not part of any promise.
    public let detail: String
  }

  public struct Conflict: Equatable, Sendable {
    public let topic: OracleText
    public let partition: Int
    public let tenant: OracleText
    public let source: OracleText
    public let id: OracleText
    public let firstOffset: Int64
    public let offset: Int64
    /// The place in the batch of the later event.
    public let index: Int
  }

  /// By tenant, meter, dimension values and window.
  public let usage: [Usage]
  /// By topic and partition; the two lists after it by topic, partition, offset and place in the batch.
  public let accounting: [Accounting]
  public let quarantine: [Quarantined]
  public let conflicts: [Conflict]

  init(partitions: [Partition], meters: [OracleMeter], settings: OracleSettings, upTo: OracleInstant) {
    let inOrder = partitions.sorted { $0.place < $1.place }
    accounting = inOrder.map {
      Accounting(topic: $0.place.topic, partition: $0.place.partition, verdicts: $0.verdicts)
    }
    // Within a partition they were appended in the order of offsets and places.
    quarantine = inOrder.flatMap(\.quarantine)
    conflicts = inOrder.flatMap(\.conflicts)

    // A series is tenant x meter x dimension values, whatever partitions its events came through.
    var cells: [CellKey: Cell] = [:]
    for partition in inOrder {
      for (key, cell) in partition.cells { cells[key, default: Cell()].merge(cell) }
    }
    let areas = Self.addLevels(to: &cells, meters: meters, settings: settings, upTo: upTo)

    usage = cells.sorted { Self.isEarlier($0.key, $1.key, meters: meters) }.map { key, cell in
      let meter = meters[key.meter]
      let quantity =
        meter.aggregate == .timeWeighted
        ? LevelIntegral.quantity(area: areas[key] ?? .zero) : Self.quantity(of: cell, meter.aggregate)
      // Choice: periods are not known here, so `exact_max` is held against the values of one window. A daemon may say
      // `approximate` for more rows, those of a period whose windows together have more values.
      let isApproximate = meter.aggregate == .unique && cell.texts.count > settings.uniqueExactMax
      return Usage(
        tenant: key.tenant, meter: meter.name,
        dimensions: zip(meter.dimensions, key.dimensions).map { Dimension(path: $0, value: $1) },
        windowStart: Self.seconds(key.windowStart), windowEnd: Self.seconds(key.windowStart + settings.rollupWindow),
        quantity: quantity.decimalText(scale: Self.scale(of: meter)), events: cell.events, approximate: isApproximate)
    }
  }

  /// A `time_weighted` window without samples has a row with events 0: makes those rows, and gives the area of each.
  private static func addLevels(
    to cells: inout [CellKey: Cell], meters: [OracleMeter], settings: OracleSettings, upTo: OracleInstant
  ) -> [CellKey: WholeNumber] {
    // All samples of a series, over all windows, under the key of a window that stands for none.
    var samples: [CellKey: [Sample]] = [:]
    for (key, cell) in cells where meters[key.meter].aggregate == .timeWeighted {
      samples[key.inWindow(OracleInstant(seconds: 0)), default: []] += cell.samples
    }
    var areas: [CellKey: WholeNumber] = [:]
    for (series, samples) in samples {
      let integral = LevelIntegral(
        of: samples, hold: meters[series.meter].hold, upTo: upTo, window: settings.rollupWindow)
      for (windowStart, area) in integral.areas {
        let key = series.inWindow(windowStart)
        areas[key] = area
        if cells[key] == nil { cells[key] = Cell() }
      }
    }
    return areas
  }

  private static func quantity(of cell: Cell, _ aggregate: OracleAggregate) -> WholeNumber {
    switch aggregate {
    case .count: WholeNumber(Int128(cell.events))
    case .sum: cell.sum
    case .max: cell.samples.map(\.units).max() ?? .zero
    case .min: cell.samples.map(\.units).min() ?? .zero
    case .latest: cell.samples.max(by: Sample.isEarlier)?.units ?? .zero
    case .unique: WholeNumber(Int128(cell.texts.count))
    case .timeWeighted: .zero
    }
  }

  /// Counted things are whole; everything else is times 10^scale.
  private static func scale(of meter: OracleMeter) -> Int {
    meter.aggregate == .count || meter.aggregate == .unique ? 0 : meter.scale
  }

  private static func isEarlier(_ left: CellKey, _ right: CellKey, meters: [OracleMeter]) -> Bool {
    if left.tenant != right.tenant { return left.tenant < right.tenant }
    if left.meter != right.meter { return meters[left.meter].name < meters[right.meter].name }
    if left.dimensions != right.dimensions { return left.dimensions.lexicographicallyPrecedes(right.dimensions) }
    return left.windowStart < right.windowStart
  }

  private static func seconds(_ instant: OracleInstant) -> Int64 {
    Int64(instant.nanoseconds / 1_000_000_000)
  }
}

extension CellKey {
  fileprivate func inWindow(_ windowStart: OracleInstant) -> CellKey {
    CellKey(tenant: tenant, meter: meter, dimensions: dimensions, windowStart: windowStart)
  }
}
