/// Events of some records of a batch, decoded to columns of plain values.
///
/// Bytes are not copied: a `Bytes` names a stretch of the record batch's arena, of `inflated` where a value came compressed, or of
/// `scratch` where a string had to be unescaped. A large batch is decoded in several goes, each of which stays small enough for the
/// processor's cache and bounds what compressed values can become.
public struct EventBatch: Sendable {
  public struct Bytes: Sendable, Equatable {
    public enum Place: UInt32, Sendable {
      case arena = 0
      case inflated = 1
      case scratch = 2
    }

    /// The place stands in the two highest bits.
    @usableFromInline var position: UInt32
    public var length: UInt32

    public static let empty = Bytes(.arena, start: 0, length: 0)

    @inlinable
    public init(_ place: Place, start: Int, length: Int) {
      position = UInt32(start) | place.rawValue << 30
      self.length = UInt32(length)
    }

    @inlinable public var place: Place { Place(rawValue: position >> 30) ?? .arena }
    @inlinable public var isScratch: Bool { position >> 30 == Place.scratch.rawValue }
    @inlinable public var start: Int { Int(position & 0x3FFF_FFFF) }
    @inlinable public var end: Int { start + Int(length) }
  }

  /// What an event asks for.
  public enum Kind: UInt8, Sendable {
    case usage
    /// Takes an earlier event back.
    case void
    /// Carries a quantity that may be negative.
    case adjust
  }

  /// What the decoder can say without knowing what was counted before.
  public enum Finding: UInt8, Sendable {
    /// Wanted by at least one meter; `problem` may still refuse it, but only after time and identity were looked at.
    case measurable
    case unmetered
    /// Refused for its encoding or its envelope.
    case refused
  }

  public struct Event: Sendable {
    /// Index of its record in the batch.
    public var record: Int32
    /// Its place in a record that holds several events.
    public var place: Int32
    public var finding: Finding
    public var kind: Kind
    public var problem: Reason?
    /// Whether it is an element of a record that holds several.
    public var isPart: Bool
    /// Index into `details`, -1 for none.
    public var detail: Int32
    /// Keyed fingerprint of tenant, source and id.
    public var identity: UInt64
    /// Tells a conflict from a duplicate; 21 bits.
    public var content: UInt32
    /// Index into `voids`, -1 for what is none.
    public var void: Int32
    /// Nil when the event names none: it is then the record's.
    public var time: Instant?
    public var tenant: Bytes
    /// Keyed hash of the tenant.
    public var tenantKey: SeriesKey
    public var source: Bytes
    public var id: Bytes
    /// The event's own bytes: the record's value, or its part of a batch.
    public var payload: Bytes
    public var firstMeasure: Int32
    public var measureCount: Int32

    public init(record: Int32, place: Int32, payload: Bytes) {
      self.record = record
      self.place = place
      finding = .refused
      kind = .usage
      problem = nil
      isPart = false
      detail = -1
      identity = 0
      content = 0
      void = -1
      time = nil
      tenant = .empty
      tenantKey = SeriesKey(high: 0, low: 0)
      source = .empty
      id = .empty
      self.payload = payload
      firstMeasure = 0
      measureCount = 0
    }
  }

  /// What a void takes back.
  public struct Void: Sendable, Equatable {
    public var identity: UInt64
    /// The original's content if it was plain usage, and if it was an adjust.
    public var content: UInt32
    public var adjustContent: UInt32

    public init(identity: UInt64, content: UInt32, adjustContent: UInt32) {
      self.identity = identity
      self.content = content
      self.adjustContent = adjustContent
    }
  }

  /// What one meter takes from one event. What counting needs to know of the meter stands here, so that it looks at nothing else.
  public struct Measure: Sendable {
    public var series: SeriesKey
    /// The value in units of the meter's scale; 1 for a count.
    public var units: Int128
    /// Index into `meters`.
    public var meter: Int32
    /// First of the meter's dimension values in `dimensions`.
    public var firstDimension: Int32
    public var meterID: MeterID
    public var aggregate: MeterDefinition.Aggregate
    public var scale: Int8
    public var dimensionCount: UInt8
    /// Whether any plan says something of the meter's totals.
    public var isLimited: Bool

    public init(
      series: SeriesKey, meter: Int32, id: MeterID, aggregate: MeterDefinition.Aggregate, scale: Int,
      firstDimension: Int32, dimensionCount: Int, isLimited: Bool = false, units: Int128
    ) {
      self.series = series
      self.units = units
      self.meter = meter
      self.firstDimension = firstDimension
      meterID = id
      self.aggregate = aggregate
      self.scale = Int8(truncatingIfNeeded: scale)
      self.dimensionCount = UInt8(truncatingIfNeeded: dimensionCount)
      self.isLimited = isLimited
    }
  }

  /// Which records of the batch these are.
  public var records: Range<Int> = 0..<0
  public var events: [Event] = []
  public var measures: [Measure] = []
  public var voids: [Void] = []
  public var dimensions: [Bytes] = []
  public var inflated: [UInt8] = []
  public var scratch: [UInt8] = []
  public var details: [String] = []
  /// The meters that `Measure.meter` counts through: those of the catalog in force when the batch was decoded.
  public var meters: [Meter] = []
  /// Whether one of them is limited.
  public var hasLimits = false
  /// Keyed hash of the dimension value `~other`.
  public var other = SeriesKey(high: 0, low: 0)

  public init() {}

  public mutating func removeAll() {
    events.removeAll(keepingCapacity: true)
    measures.removeAll(keepingCapacity: true)
    voids.removeAll(keepingCapacity: true)
    dimensions.removeAll(keepingCapacity: true)
    inflated.removeAll(keepingCapacity: true)
    scratch.removeAll(keepingCapacity: true)
    details.removeAll(keepingCapacity: true)
  }

  public func bytes(_ bytes: Bytes, in batch: borrowing RecordBatch) -> [UInt8] {
    switch bytes.place {
    case .arena: Array(batch.arena[bytes.start..<bytes.end])
    case .inflated: Array(inflated[bytes.start..<bytes.end])
    case .scratch: Array(scratch[bytes.start..<bytes.end])
    }
  }
}
