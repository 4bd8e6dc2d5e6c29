/// A partition as the database knows it: a small number in place of topic and partition.
public struct PartitionNumber: Sendable, Hashable {
  public var number: Int32
  public init(_ number: Int32) { self.number = number }
}

/// One stay of a partition with one daemon. Every claim makes the next one; whoever holds an older one is refused.
public struct Epoch: Sendable, Hashable, Comparable {
  public var number: Int64
  public init(_ number: Int64) { self.number = number }
  public static func < (a: Epoch, b: Epoch) -> Bool { a.number < b.number }
}

/// What happened to one partition between two offsets, sealed: it never changes again and is committed as one, or not at all.
public struct Flush: Sendable {
  /// Counts a partition's flushes within its epoch; with the epoch it names the flush for ever.
  public var number: Int64
  public var partition: PartitionNumber
  public var epoch: Epoch
  public var range: OffsetRange
  /// The largest Kafka timestamp accepted so far; identities age by it.
  public var highWaterMs: Int64
  public var verdicts: VerdictCounts
  /// In the order of series and window, so that all flushes lock rows in one order.
  public var rollups: [RollupDelta]
  /// Levels of `time_weighted` meters: integrals are made from them when read.
  public var samples: [LevelSample]
  /// Values of `unique` meters, each at most once for a series and window.
  public var values: [DistinctValue]
  /// Series that the database may not know yet, in the order of their keys.
  public var series: SeriesDefinitions
  public var identities: [IdentityPage]
  /// Identities of generations that ended before this are forgotten with this flush.
  public var forgetBeforeMs: Int64
  public var quarantined: [QuarantinedEvent]
  public var conflicts: [Conflict]
  /// Events that were held in quarantine and are counted with this flush: `verdicts` has what they are now, and each of them taken off
  /// the quarantined.
  public var replays: [Replay]
  /// What is to be told of limits, in the order in which it happened.
  public var crossings: [Crossing]
  /// Totals that somebody else judges.
  public var reviewed: [Reviewed]
  /// The catalog's version that whoever judged had heard of at the latest; limits that have changed since are looked at again.
  public var catalogVersion: Int64 = .max

  public init(
    number: Int64, partition: PartitionNumber, epoch: Epoch, range: OffsetRange, highWaterMs: Int64,
    verdicts: VerdictCounts, rollups: [RollupDelta], samples: [LevelSample] = [], values: [DistinctValue] = [],
    series: SeriesDefinitions, identities: [IdentityPage],
    forgetBeforeMs: Int64, quarantined: [QuarantinedEvent], conflicts: [Conflict], replays: [Replay] = [],
    crossings: [Crossing] = [], reviewed: [Reviewed] = []
  ) {
    self.number = number
    self.partition = partition
    self.epoch = epoch
    self.range = range
    self.highWaterMs = highWaterMs
    self.verdicts = verdicts
    self.rollups = rollups
    self.samples = samples
    self.values = values
    self.series = series
    self.identities = identities
    self.forgetBeforeMs = forgetBeforeMs
    self.quarantined = quarantined
    self.conflicts = conflicts
    self.replays = replays
    self.crossings = crossings
    self.reviewed = reviewed
  }

  public var rows: Int {
    rollups.count + samples.count + values.count + series.count + identities.count + quarantined.count + conflicts.count
      + replays.count + crossings.count + reviewed.count
  }
}

/// What one series gained in one window.
public struct RollupDelta: Sendable, Equatable {
  /// How a delta joins what the row has.
  public enum Merge: Sendable, Equatable {
    case add
    case max
    case min
    /// The value of the event with the greatest time; ties by offset, then by place in the batch.
    case latest(Moment)
    /// Only events add up here; the values come beside.
    case unique
    /// The same for samples of a level over time: the row says that the series is there.
    case samples
  }

  /// Where a level stands in the order of levels.
  public struct Moment: Sendable, Equatable, Comparable {
    public var time: Instant
    public var offset: Int64
    public var place: Int32

    public init(time: Instant, offset: Int64, place: Int32) {
      self.time = time
      self.offset = offset
      self.place = place
    }

    public static func < (a: Moment, b: Moment) -> Bool {
      (a.time, a.offset, a.place) < (b.time, b.offset, b.place)
    }
  }

  public var series: SeriesKey
  /// `SeriesName.group` of its tenant and meter; zero for a meter without dimensions.
  public var group: UInt64
  public var windowStartSeconds: Int64
  public var merge: Merge
  public var quantity: Quantity
  public var events: Int64

  public init(
    series: SeriesKey, group: UInt64 = 0, windowStartSeconds: Int64, merge: Merge = .add, quantity: Quantity,
    events: Int64
  ) {
    self.series = series
    self.group = group
    self.windowStartSeconds = windowStartSeconds
    self.merge = merge
    self.quantity = quantity
    self.events = events
  }
}

/// One sample of a level.
public struct LevelSample: Sendable, Equatable {
  public var series: SeriesKey
  public var moment: RollupDelta.Moment
  public var level: Quantity

  public init(series: SeriesKey, moment: RollupDelta.Moment, level: Quantity) {
    self.series = series
    self.moment = moment
    self.level = level
  }
}

/// A value that a `unique` meter saw in a window, by a keyed hash of its text.
public struct DistinctValue: Sendable, Hashable {
  public var series: SeriesKey
  public var windowStartSeconds: Int64
  public var value: SeriesKey

  public init(series: SeriesKey, windowStartSeconds: Int64, value: SeriesKey) {
    self.series = series
    self.windowStartSeconds = windowStartSeconds
    self.value = value
  }
}

/// An event kept whole for a person.
public struct QuarantinedEvent: Sendable, Equatable {
  public var offset: Int64
  public var place: Int32
  public var reason: Reason
  public var detail: String
  public var timestampMs: Int64
  public var payload: [UInt8]
  public var headers: [Header]
  public var form: HeldEvent.Form
  /// The row that it already is, if it was held and replayed.
  public var source: Int64?

  public struct Header: Sendable, Equatable {
    public var name: [UInt8]
    public var value: [UInt8]?

    public init(name: [UInt8], value: [UInt8]?) {
      self.name = name
      self.value = value
    }
  }

  public init(
    offset: Int64, place: Int32, reason: Reason, detail: String, timestampMs: Int64, payload: [UInt8],
    headers: [Header],
    form: HeldEvent.Form = .received, source: Int64? = nil
  ) {
    self.offset = offset
    self.place = place
    self.reason = reason
    self.detail = detail
    self.timestampMs = timestampMs
    self.payload = payload
    self.headers = headers
    self.form = form
    self.source = source
  }
}

/// An identity that came again with other content: the first stays.
public struct Conflict: Sendable, Equatable {
  public var tenant: [UInt8]
  public var source: [UInt8]
  public var id: [UInt8]
  public var firstOffset: Int64
  public var offset: Int64

  public init(tenant: [UInt8], source: [UInt8], id: [UInt8], firstOffset: Int64, offset: Int64) {
    self.tenant = tenant
    self.source = source
    self.id = id
    self.firstOffset = firstOffset
    self.offset = offset
  }
}
