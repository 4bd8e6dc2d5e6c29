/// Records of one partition as they came off the wire, not yet understood.
///
/// All bytes stand in one arena, which ends in padding because the JSON indexer reads in strides of 64. A batch is filled by the
/// partition's drain, handed over whole, and comes back empty with its memory. It gives up random growth: a record whose bytes
/// would take the arena beyond 2^31 is not for one batch, and the drain hands over long before.
public struct RecordBatch: Sendable {
  public static let padding = 64

  public struct Record: Sendable {
    public var offset: Int64
    /// Milliseconds since 1970 as the log has them; -1 when it has none.
    public var timestampMs: Int64
    public var valueStart: Int32
    /// -1 for a record without a value.
    public var valueLength: Int32
    /// Headers stand length-prefixed in the arena, see `appendHeader`.
    public var headersStart: Int32
    public var headerCount: Int32
  }

  public private(set) var records: [Record] = []
  public private(set) var arena: [UInt8] = []

  public init() {}

  public var isEmpty: Bool { records.isEmpty }
  public var byteCount: Int { arena.count }

  public mutating func reserve(records: Int, bytes: Int) {
    self.records.reserveCapacity(records)
    arena.reserveCapacity(bytes + Self.padding)
  }

  /// Copies a record in; the pointers may dangle as soon as this returns.
  public mutating func append(offset: Int64, timestampMs: Int64, value: UnsafeRawBufferPointer?) {
    let start = Int32(arena.count)
    if let value = unsafe value { unsafe arena.append(contentsOf: value) }
    let length = unsafe value.map { Int32($0.count) } ?? -1
    records.append(
      Record(
        offset: offset, timestampMs: timestampMs, valueStart: start, valueLength: length,
        headersStart: Int32(arena.count), headerCount: 0))
  }

  /// Adds a header to the record appended last: both lengths, then the name, then the value; a length of -1 is no value.
  public mutating func appendHeader(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
    appendLength(Int32(name.count))
    unsafe appendLength(value.map { Int32($0.count) } ?? -1)
    unsafe arena.append(contentsOf: name)
    if let value = unsafe value { unsafe arena.append(contentsOf: value) }
    records[records.count - 1].headerCount += 1
  }

  /// Pads the arena; nothing is appended after it.
  public mutating func close() {
    arena.append(contentsOf: repeatElement(0, count: Self.padding))
  }

  public mutating func removeAll() {
    records.removeAll(keepingCapacity: true)
    arena.removeAll(keepingCapacity: true)
  }

  public func value(of record: Record) -> ArraySlice<UInt8>? {
    guard record.valueLength >= 0 else { return nil }
    return arena[Int(record.valueStart)..<Int(record.valueStart) + Int(record.valueLength)]
  }

  /// Where a header's name and value stand in the arena; a value of nil is none.
  public struct Header: Sendable {
    public var name: Range<Int>
    public var value: Range<Int>?
  }

  public func headers(of record: Record) -> [Header] {
    var headers: [Header] = []
    headers.reserveCapacity(Int(record.headerCount))
    var at = Int(record.headersStart)
    for _ in 0..<record.headerCount {
      let nameLength = length(at: at)
      let valueLength = length(at: at + 4)
      let name = at + 8..<at + 8 + nameLength
      at = name.upperBound + max(valueLength, 0)
      headers.append(Header(name: name, value: valueLength < 0 ? nil : name.upperBound..<at))
    }
    return headers
  }

  private mutating func appendLength(_ length: Int32) {
    for shift in stride(from: 0, to: 32, by: 8) { arena.append(UInt8(truncatingIfNeeded: length >> Int32(shift))) }
  }

  private func length(at index: Int) -> Int {
    var length: UInt32 = 0
    for byte in 0..<4 { length |= UInt32(arena[index + byte]) << UInt32(8 * byte) }
    return Int(Int32(bitPattern: length))
  }
}
