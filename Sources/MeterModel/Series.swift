/// A series by name: a keyed 128-bit hash of tenant, meter and dimension values.
///
/// It is the row's key in PostgreSQL too, so that no daemon needs to ask for a number before it counts. It gives up certainty: at
/// 10^9 series two of them collide with a probability of 10^-21. The key is secret to the installation, so that nobody can aim.
public struct SeriesKey: Sendable, Hashable, Comparable {
  public var high: UInt64
  public var low: UInt64

  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  @inlinable
  public static func < (a: SeriesKey, b: SeriesKey) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }
}

/// Makes the key of a series from keyed hashes of its parts: the tenant, the meter, then every dimension value in the meter's order.
///
/// Each part goes in by steps that can be undone, 128 bits at a time, so that no two lists of one length meet by themselves; the hashes
/// that go in are keyed, so that nobody can make them meet.
public struct SeriesName: Sendable {
  @usableFromInline var a: UInt64
  @usableFromInline var b: UInt64

  @inlinable
  public init(tenant: SeriesKey, meter: MeterID) {
    a = 0
    b = 0
    add(tenant)
    add(SeriesKey(high: UInt64(UInt32(bitPattern: meter.number)), low: 0))
  }

  @inlinable
  public mutating func add(_ part: SeriesKey) {
    a = Self.turned(a ^ Self.turned(part.high &* 0x9E37_79B9_7F4A_7C15, 31) &* 0xBF58_476D_1CE4_E5B9, 27) &+ b
    a = a &* 5 &+ 0x52DC_E729
    b = Self.turned(b ^ Self.turned(part.low &* 0xBF58_476D_1CE4_E5B9, 33) &* 0x94D0_49BB_1331_11EB, 31) &+ a
    b = b &* 5 &+ 0x3849_5AB5
  }

  @inlinable
  public var key: SeriesKey {
    let high = Self.stirred(a &+ b)
    let low = Self.stirred(b &+ (a &+ b))
    return SeriesKey(high: high &+ low, low: low &+ (high &+ low))
  }

  /// Tenant and meter alone, as long as no dimension was added: what `series.max_per_meter` bounds. Never zero.
  @inlinable
  public var group: UInt64 { key.low | 1 }

  @inlinable
  static func turned(_ x: UInt64, _ bits: UInt64) -> UInt64 { x << bits | x >> (64 &- bits) }

  @inlinable
  static func stirred(_ number: UInt64) -> UInt64 {
    var x = number
    x = (x ^ (x >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    x = (x ^ (x >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return x ^ (x >> 33)
  }
}

/// What a series key stands for.
public struct SeriesDefinition: Sendable, Equatable {
  public var key: SeriesKey
  public var tenant: [UInt8]
  public var meter: MeterID
  /// The meter's dimensions, and the value of each.
  public var paths: [String]
  public var values: [[UInt8]]

  public init(key: SeriesKey, tenant: [UInt8], meter: MeterID, paths: [String], values: [[UInt8]]) {
    self.key = key
    self.tenant = tenant
    self.meter = meter
    self.paths = paths
    self.values = values
  }
}

/// Definitions that one flush hands over, their texts in one stretch of bytes, so that adding one allocates nothing.
public struct SeriesDefinitions: Sendable {
  private struct Entry {
    var key: SeriesKey
    var meter: MeterID
    /// Index into `meters`.
    var paths: Int32
    /// Where its texts begin in `lengths` and `text`: the tenant's, then each value's.
    var firstLength: Int32
    var firstByte: Int
  }

  private var entries: [Entry] = []
  private var paths: [(meter: MeterID, paths: [String])] = []
  private var lengths: [Int32] = []
  private var text: [UInt8] = []

  public init(_ definitions: [SeriesDefinition] = []) {
    for definition in definitions { append(definition) }
  }

  public var count: Int { entries.count }
  public var bytes: Int {
    entries.count * MemoryLayout<Entry>.stride + lengths.count * MemoryLayout<Int32>.stride + text.count
  }

  /// Begins a definition; its texts follow, the tenant's first. `paths` is asked for once for each meter.
  public mutating func begin(_ key: SeriesKey, _ meter: MeterID, paths: @autoclosure () -> [String]) {
    var index = self.paths.firstIndex { $0.meter == meter }
    if index == nil {
      index = self.paths.count
      self.paths.append((meter, paths()))
    }
    entries.append(
      Entry(
        key: key, meter: meter, paths: Int32(index ?? 0), firstLength: Int32(lengths.count), firstByte: text.count))
  }

  public mutating func add(_ bytes: Swift.Span<UInt8>) {
    lengths.append(Int32(bytes.count))
    unsafe bytes.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
  }

  public mutating func append(_ definition: SeriesDefinition) {
    begin(definition.key, definition.meter, paths: definition.paths)
    add(definition.tenant.span)
    for value in definition.values { add(value.span) }
  }

  public func key(_ index: Int) -> SeriesKey { entries[index].key }

  /// Puts them in another order, given by their places.
  public mutating func reorder(_ places: [Int]) { entries = places.map { entries[$0] } }

  public subscript(index: Int) -> SeriesDefinition {
    let entry = entries[index]
    let paths = paths[Int(entry.paths)].paths
    var at = entry.firstByte
    var texts: [[UInt8]] = []
    for part in 0...paths.count {
      let length = Int(lengths[Int(entry.firstLength) + part])
      texts.append(Array(text[at..<at + length]))
      at += length
    }
    return SeriesDefinition(
      key: entry.key, tenant: texts[0], meter: entry.meter, paths: paths, values: Array(texts[1...]))
  }
}

extension SeriesDefinitions: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { entries.count }
}

/// A meter's number in PostgreSQL. Meters are never altered, so the number says everything for ever.
public struct MeterID: Sendable, Hashable {
  public var number: Int32
  @inlinable
  public init(_ number: Int32) { self.number = number }
}

/// A meter of the catalog with its number.
public struct Meter: Sendable, Equatable {
  public var id: MeterID
  public var definition: MeterDefinition

  public init(id: MeterID, definition: MeterDefinition) {
    self.id = id
    self.definition = definition
  }
}
