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
    let hash =
      if bytes.isScratch {
        unsafe scratch.withUnsafeBufferPointer {
          unsafe cxxhash_128($0.baseAddress.map { unsafe $0 + bytes.start }, Int(bytes.length), seed)
        }
      } else {
        unsafe arena.withUnsafeBufferPointer {
          unsafe cxxhash_128($0.baseAddress! + bytes.start, Int(bytes.length), seed)
        }
      }
    return SeriesKey(high: hash.high64, low: hash.low64)
  }

  /// For contents, which only tell a repetition from a conflict: texts of up to sixteen bytes, which are nearly all, as two words. Sixteen
  /// bytes from `text` on can be read, whatever its length.
  @inline(__always)
  static func brief(_ text: UnsafePointer<UInt8>, _ length: Int, seed: UInt64) -> UInt64 {
    guard length <= 16 else { return unsafe cxxhash_64(text, length, seed) }
    let bytes = unsafe UnsafeRawPointer(text)
    var low = unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    var high: UInt64 = 0
    if length < 8 {
      low &= (1 << UInt64(truncatingIfNeeded: 8 &* length)) &- 1
    } else if length > 8 {
      // The last eight bytes, which may share some with the first.
      high = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: length &- 8, as: UInt64.self))
    }
    return join(low ^ seed, high &+ UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Spreads and joins two hashes; not commutative.
  @inline(__always)
  static func join(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: b ^ (a >> 32) ^ 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low &+ b
  }
}
