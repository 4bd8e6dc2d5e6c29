import CXXHash
import MeterModel

/// Keyed hashes of bytes that may stand in the arena or, unescaped, in scratch.
///
/// The key is secret to the installation and lives in the database, so that every daemon and every restart sees the same hashes and
/// nobody outside can aim two names at one.
enum Fingerprint {
  @inline(__always)
  static func hash64(
    _ bytes: EventBatch.Bytes, _ arena: Swift.Span<UInt8>, _ scratch: [UInt8], seed: UInt64
  ) -> UInt64 {
    if bytes.isScratch {
      return unsafe scratch.withUnsafeBufferPointer {
        unsafe cxxhash_64($0.baseAddress.map { unsafe $0 + bytes.start }, Int(bytes.length), seed)
      }
    }
    return unsafe arena.withUnsafeBufferPointer {
      unsafe cxxhash_64($0.baseAddress! + bytes.start, Int(bytes.length), seed)
    }
  }

  @inline(__always)
  static func hash128(
    _ bytes: EventBatch.Bytes, _ arena: Swift.Span<UInt8>, _ scratch: [UInt8], seed: UInt64
  ) -> SeriesKey {
    guard bytes.isScratch else {
      return unsafe arena.withUnsafeBufferPointer {
        unsafe name($0.baseAddress! + bytes.start, Int(bytes.length), seed: seed)
      }
    }
    return name(scratch[bytes.start..<bytes.end], seed: seed)
  }

  /// The same for a text that stands alone.
  static func name(_ text: some Collection<UInt8>, seed: UInt64) -> SeriesKey {
    let padded = Array(text) + repeatElement(0, count: readAhead)
    return unsafe padded.withUnsafeBufferPointer { unsafe name($0.baseAddress!, text.count, seed: seed) }
  }

  /// So many bytes from a text on can be read, whatever its length.
  private static let readAhead = 16

  /// Names of up to sixteen bytes, which are nearly all, go through four rounds that can be undone: of one length no two meet. Sixteen
  /// bytes from `text` on can be read, whatever its length.
  @inline(__always)
  static func name(_ text: UnsafePointer<UInt8>, _ length: Int, seed: UInt64) -> SeriesKey {
    guard length <= 16 else {
      let hash = unsafe cxxhash_128(text, length, seed)
      return SeriesKey(high: hash.high64, low: hash.low64)
    }
    let bytes = unsafe UnsafeRawPointer(text)
    let low = unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) & Self.first(min(length, 8))
    let high =
      unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      & Self.first(max(length, 8) &- 8)
    var a = low ^ seed
    var b = high ^ (seed >> 32 | seed << 32) &+ UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15
    b ^= folded(a, 0xA076_1D64_78BD_642F)
    a ^= folded(b, 0xE703_7ED1_A0B4_28DB)
    b ^= folded(a, 0x8EBC_6AF0_9C88_C6E3)
    a ^= folded(b, 0x5899_65CC_7537_4CC3)
    return SeriesKey(high: b, low: a)
  }

  /// The bits of so many bytes, at most eight.
  @inline(__always)
  private static func first(_ count: Int) -> UInt64 { .max >> UInt64(truncatingIfNeeded: 64 &- 8 &* count) }

  @inline(__always)
  private static func folded(_ x: UInt64, _ y: UInt64) -> UInt64 {
    let product = x.multipliedFullWidth(by: y)
    return product.high ^ product.low
  }

  /// For contents, which only tell a repetition from a conflict: texts of up to sixteen bytes, which are nearly all, as two words. Sixteen
  /// bytes from `text` on can be read, whatever its length.
  @inline(__always)
  static func brief(_ text: UnsafePointer<UInt8>, _ length: Int, seed: UInt64) -> UInt64 {
    guard length <= 16 else { return unsafe cxxhash_64(text, length, seed) }
    let bytes = unsafe UnsafeRawPointer(text)
    // Without a branch: lengths are what is least alike from one text to the next.
    let low = unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) & first(min(length, 8))
    // The last eight bytes, which may share some with the first.
    let last = unsafe UInt64(
      littleEndian: bytes.loadUnaligned(fromByteOffset: max(length, 8) &- 8, as: UInt64.self))
    let high = length > 8 ? last : 0
    return join(low ^ seed, high &+ UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Spreads and joins two hashes; not commutative.
  @inline(__always)
  static func join(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: b ^ (a >> 32) ^ 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low &+ b
  }
}
