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
