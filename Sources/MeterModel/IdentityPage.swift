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
  public private(set) var bytes: [UInt8]

  public init(generationEndMs: Int64, baseOffset: Int64, baseWindow: Int32, bytes: [UInt8] = []) {
    self.generationEndMs = generationEndMs
    self.baseOffset = baseOffset
    self.baseWindow = baseWindow
    self.bytes = bytes
  }

  public var count: Int { bytes.count / Self.entryBytes }

  /// Whether offset and window lie near enough to the page's.
  public func takes(_ entry: Entry) -> Bool {
    let offset = entry.offset.subtractingReportingOverflow(baseOffset)
    let window = Int64(entry.window) - Int64(baseWindow)
    return !offset.overflow && Self.fits(offset.partialValue, bits: 26) && Self.fits(window, bits: 16)
  }

  private static func fits(_ value: Int64, bits: Int64) -> Bool {
    value >= -(1 << (bits - 1)) && value < 1 << (bits - 1)
  }

  /// The entry must be one that the page takes.
  public mutating func append(_ entry: Entry) {
    precondition(takes(entry), "an entry lies near the page's base")
    let offset = UInt64(bitPattern: entry.offset - baseOffset) & 0x3FF_FFFF
    let window = UInt64(bitPattern: Int64(entry.window) - Int64(baseWindow)) & 0xFFFF
    let content = UInt64(entry.content & 0x1F_FFFF)
    let word = offset | window << 26 | content << 42 | (entry.voided ? 1 << 63 : 0)
    unsafe withUnsafeBytes(of: entry.fingerprint.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    unsafe withUnsafeBytes(of: word.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  public subscript(index: Int) -> Entry {
    let word = word(at: index * Self.entryBytes + 8)
    // Shifted up and down again, so that the sign fills.
    let offset = Int64(bitPattern: word << 38) >> 38
    let window = Int64(bitPattern: word << 22) >> 48
    return Entry(
      fingerprint: self.word(at: index * Self.entryBytes), offset: baseOffset &+ offset,
      window: baseWindow &+ Int32(truncatingIfNeeded: window), content: UInt32(word >> 42 & 0x1F_FFFF),
      voided: word >> 63 == 1)
  }

  private func word(at position: Int) -> UInt64 {
    unsafe bytes.withUnsafeBytes {
      unsafe UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }
  }
}
