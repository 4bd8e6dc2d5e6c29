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
  /// Records and headers one behind the other, and room that was used before; what stands behind the last is of no meaning.
  public private(set) var arena: [UInt8] = []
  public private(set) var byteCount = 0

  public init() {}

  public var isEmpty: Bool { records.isEmpty }

  public mutating func reserve(records: Int, bytes: Int) {
    self.records.reserveCapacity(records)
    makeRoom(bytes + Self.padding)
  }

  /// Copies a record in; the pointers may dangle as soon as this returns.
  public mutating func append(offset: Int64, timestampMs: Int64, value: UnsafeRawBufferPointer?) {
    let start = Int32(byteCount)
    if let value = unsafe value { unsafe copy(value) }
    let length = unsafe value.map { Int32($0.count) } ?? -1
    records.append(
      Record(
        offset: offset, timestampMs: timestampMs, valueStart: start, valueLength: length,
        headersStart: Int32(byteCount), headerCount: 0))
  }

  /// Room for bytes that a source brings many records in at a time; `write` says how many it brought. Where in them the records stand is
  /// said afterwards, with `append(offset:timestampMs:at:)`. What comes back is where the bytes stand.
  public mutating func fill(
    upTo bytes: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int
  ) -> Range<Int> {
    let from = byteCount
    makeRoom(from + bytes)
    let count = unsafe arena.withUnsafeMutableBytes {
      unsafe write(UnsafeMutableRawBufferPointer(rebasing: $0[from..<from + bytes]))
    }
    precondition(count >= 0 && count <= bytes, "no more is written than there is room for")
    byteCount = from + count
    return from..<byteCount
  }

  public mutating func append(offset: Int64, timestampMs: Int64, at value: Range<Int>) {
    precondition(value.lowerBound >= 0 && value.upperBound <= byteCount, "a record stands in what was filled")
    records.append(
      Record(
        offset: offset, timestampMs: timestampMs, valueStart: Int32(value.lowerBound), valueLength: Int32(value.count),
        headersStart: Int32(value.upperBound), headerCount: 0))
  }

  /// Adds a header to the record appended last: both lengths, then the name, then the value; a length of -1 is no value.
  public mutating func appendHeader(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
    appendLength(Int32(name.count))
    unsafe appendLength(value.map { Int32($0.count) } ?? -1)
    unsafe copy(name)
    if let value = unsafe value { unsafe copy(value) }
    records[records.count - 1].headerCount += 1
  }

  /// Pads the arena; nothing is appended after it.
  public mutating func close() {
    makeRoom(byteCount + Self.padding)
    for at in byteCount..<byteCount + Self.padding { arena[at] = 0 }
  }

  public mutating func removeAll() {
    records.removeAll(keepingCapacity: true)
    byteCount = 0
  }

  private mutating func makeRoom(_ bytes: Int) {
    if arena.count < bytes {
      arena.append(contentsOf: repeatElement(0, count: max(bytes, 2 * arena.count) - arena.count))
    }
  }

  @inline(__always)
  private mutating func copy(_ bytes: UnsafeRawBufferPointer) {
    let (from, to) = (byteCount, byteCount + bytes.count)
    makeRoom(to)
    unsafe arena.withUnsafeMutableBytes { unsafe $0[from..<to].copyBytes(from: bytes) }
    byteCount = to
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
    unsafe withUnsafeBytes(of: length.littleEndian) { unsafe copy($0) }
  }

  private func length(at index: Int) -> Int {
    var length: UInt32 = 0
    for byte in 0..<4 { length |= UInt32(arena[index + byte]) << UInt32(8 * byte) }
    return Int(Int32(bitPattern: length))
  }
}
