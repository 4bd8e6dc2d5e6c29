/// Identities that one flush remembers, packed for the database.
///
/// All of a page were counted in one generation, so that a page is forgotten whole. A generation is named by its last
/// instant and not by a number, so that it still means the same when the dedupe window is set otherwise. An entry is 16
/// bytes, little-endian:
///
/// | bits | holds |
/// |---|---|
/// | 0..<64 | keyed fingerprint of tenant, source and id |
/// | 64..<90 | first offset, less the page's `baseOffset`, signed |
/// | 90..<106 | window, less the page's `baseWindow`, signed |
/// | 106..<127 | content check |
/// | 127 | voided |
public struct IdentityPage: Sendable, Equatable {
  public static let entryBytes = 16

  public struct Entry: Sendable, Equatable {
    public var fingerprint: UInt64
    public var offset: Int64
    /// The window in which it was counted.
    public var window: Int32
    /// 21 bits.
    public var content: UInt32
    public var voided: Bool

    @inlinable
    public init(fingerprint: UInt64, offset: Int64, window: Int32, content: UInt32, voided: Bool) {
      self.fingerprint = fingerprint
      self.offset = offset
      self.window = window
      self.content = content
      self.voided = voided
    }
  }

  /// The last millisecond of the generation, on the partition's high water.
  public var generationEndMs: Int64
  public var baseOffset: Int64
  public var baseWindow: Int32
  @usableFromInline var entries: [Packed] = []

  @usableFromInline
  struct Packed: Sendable, Equatable {
    @usableFromInline var fingerprint: UInt64
    @usableFromInline var rest: UInt64

    @inlinable
    init(fingerprint: UInt64, rest: UInt64) {
      self.fingerprint = fingerprint
      self.rest = rest
    }
  }

  public init(generationEndMs: Int64, baseOffset: Int64, baseWindow: Int32, bytes: [UInt8] = []) {
    self.generationEndMs = generationEndMs
    self.baseOffset = baseOffset
    self.baseWindow = baseWindow
    entries.reserveCapacity(bytes.count / Self.entryBytes)
    unsafe bytes.withUnsafeBytes {
      for at in stride(from: 0, to: bytes.count / Self.entryBytes * Self.entryBytes, by: Self.entryBytes) {
        let fingerprint = unsafe UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        let rest = unsafe UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
        entries.append(Packed(fingerprint: fingerprint, rest: rest))
      }
    }
  }

  public var count: Int { entries.count }

  /// As the database keeps them.
  public var bytes: [UInt8] {
    unsafe entries.map { Packed(fingerprint: $0.fingerprint.littleEndian, rest: $0.rest.littleEndian) }
      .withUnsafeBytes { unsafe Array($0) }
  }

  public var byteCount: Int { entries.count * Self.entryBytes }

  public mutating func reserve(_ entries: Int) { self.entries.reserveCapacity(entries) }

  /// Whether offset and window lie near enough to the page's.
  @inlinable @inline(__always)
  public func takes(_ entry: Entry) -> Bool {
    let offset = entry.offset.subtractingReportingOverflow(baseOffset)
    let window = Int64(entry.window) &- Int64(baseWindow)
    // Moved up by half the range, what fits is below it.
    return !offset.overflow && UInt64(bitPattern: offset.partialValue &+ (1 << 25)) < 1 << 26
      && UInt64(bitPattern: window &+ (1 << 15)) < 1 << 16
  }

  /// False, and nothing done, if the page does not take the entry.
  @inlinable @inline(__always)
  public mutating func append(_ entry: Entry) -> Bool {
    guard takes(entry) else { return false }
    let offset = UInt64(bitPattern: entry.offset &- baseOffset) & 0x3FF_FFFF
    let window = UInt64(bitPattern: Int64(entry.window) &- Int64(baseWindow)) & 0xFFFF
    let content = UInt64(entry.content & 0x1F_FFFF)
    entries.append(
      Packed(
        fingerprint: entry.fingerprint, rest: offset | window << 26 | content << 42 | (entry.voided ? 1 << 63 : 0)))
    return true
  }

  public subscript(index: Int) -> Entry {
    let word = entries[index].rest
    // Shifted up and down again, so that the sign fills.
    let offset = Int64(bitPattern: word << 38) >> 38
    let window = Int64(bitPattern: word << 22) >> 48
    return Entry(
      fingerprint: entries[index].fingerprint, offset: baseOffset &+ offset,
      window: baseWindow &+ Int32(truncatingIfNeeded: window), content: UInt32(word >> 42 & 0x1F_FFFF),
      voided: word >> 63 == 1)
  }
}
