/// Definitions that one flush hands over, their texts in one stretch of bytes, so that adding one allocates nothing.
public struct SeriesDefinitions: Sendable {
  private struct Entry {
    var key: SeriesKey
    var meter: MeterID
    /// Index into `meters` and `paths`.
    var paths: Int32
    /// Where its texts begin in `text`: the tenant's, then each value's, each behind its length in four bytes.
    var start: Int
  }

  private static let lengthBytes = MemoryLayout<UInt32>.size

  private var entries: [Entry] = []
  private var meters: [MeterID] = []
  private var paths: [[String]] = []
  /// Longer than what it holds, so that it seldom grows.
  private var text: [UInt8] = []
  private var byteCount = 0

  public init(_ definitions: [SeriesDefinition] = []) {
    for definition in definitions { append(definition) }
  }

  public var count: Int { entries.count }
  public var bytes: Int {
    entries.count * MemoryLayout<Entry>.stride + byteCount
  }

  /// Begins a definition; its texts follow, the tenant's first. `paths` is asked for once for each meter.
  public mutating func begin(_ key: SeriesKey, _ meter: MeterID, paths: @autoclosure () -> [String]) {
    var index = 0
    while index < meters.count, meters[index] != meter { index += 1 }
    if index == meters.count {
      meters.append(meter)
      self.paths.append(paths())
    }
    entries.append(Entry(key: key, meter: meter, paths: Int32(index), start: byteCount))
  }

  public mutating func add(_ bytes: Swift.Span<UInt8>) {
    let start = byteCount + Self.lengthBytes
    let end = start + bytes.count
    if text.count < end { grow(to: end) }
    unsafe text.withUnsafeMutableBytes { text in
      unsafe text.storeBytes(of: UInt32(bytes.count).littleEndian, toByteOffset: byteCount, as: UInt32.self)
      unsafe bytes.withUnsafeBytes {
        unsafe UnsafeMutableRawBufferPointer(rebasing: text[start..<end]).copyMemory(from: $0)
      }
    }
    byteCount = end
  }

  private mutating func grow(to bytes: Int) {
    text.append(contentsOf: repeatElement(0, count: Swift.max(bytes, 2 * text.count) - text.count))
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
    let paths = paths[Int(entry.paths)]
    var at = entry.start
    var texts: [[UInt8]] = []
    for _ in 0...paths.count {
      let length = unsafe text.withUnsafeBytes {
        unsafe Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
      }
      at += Self.lengthBytes
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
