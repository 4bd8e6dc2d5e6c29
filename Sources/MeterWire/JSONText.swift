import CSimdjson

/// Reads one JSON text at a time into tokens, with every rule of RFC 8259 checked.
///
/// simdjson finds where tokens begin and vouches for UTF-8 and for closed strings; the walk over its index is ours, because numbers
/// must keep their text. Nothing is allocated once the buffers have grown to the largest text seen, which `capacity` bounds.
@safe
struct JSONText: ~Copyable {
  /// RFC 8259 lets a reader set this limit; no usage event comes near it.
  static let depthMax = 512

  private let indexer: OpaquePointer
  private let capacity: Int
  private(set) var tokens: [JSONToken] = []
  private var open: [UInt32] = Array(repeating: 0, count: depthMax)

  init(capacity: Int) {
    // The indexer needs room for one block more than the text.
    guard let indexer = unsafe csimdjson_create(capacity + 64) else {
      preconditionFailure("a JSON indexer for \(capacity) bytes could not be made: out of memory")
    }
    unsafe self.indexer = indexer
    self.capacity = capacity
  }

  deinit { unsafe csimdjson_destroy(indexer) }

  /// Reads `length` bytes of the arena from `start`; afterwards `tokens` holds the value, its root first.
  mutating func read(_ arena: Swift.Span<UInt8>, start: Int, length: Int) -> JSONFault? {
    guard length <= capacity else { return .noRoom }
    let found = unsafe arena.withUnsafeBufferPointer { unsafe csimdjson_read(indexer, $0.baseAddress! + start, length) }
    switch unsafe found.result {
    case CSIMDJSON_OK: break
    case CSIMDJSON_EMPTY: return .empty
    case CSIMDJSON_NOT_UTF8: return .notUTF8
    case CSIMDJSON_NO_ROOM: return .noRoom
    default:
      // A broken string is found before UTF-8 is looked at, but the encoding comes first in the order of verdicts.
      let sound = unsafe arena.withUnsafeBufferPointer { unsafe csimdjson_is_utf8($0.baseAddress! + start, length) }
      return sound ? .brokenString : .notUTF8
    }
    // The encoding comes first in the order of verdicts, so this is asked of sound UTF-8 only.
    if length >= 3, arena[start] == 0xEF, arena[start + 1] == 0xBB, arena[start + 2] == 0xBF { return .byteOrderMark }
    let count = unsafe found.count
    if tokens.count < count { tokens = Array(repeating: .blank, count: max(count, 2 * tokens.count)) }
    let index = unsafe Swift.Span(_unsafeStart: found.positions, count: count)
    let walk = JSONWalk(
      start: start, end: start + length, hasEscapes: arena.contains(0x5C, from: start, to: start + length))
    return Self.run(walk, arena, index, &tokens, &open)
  }

  private static func run(
    _ walk: JSONWalk, _ arena: Swift.Span<UInt8>, _ index: Swift.Span<UInt32>, _ tokens: inout [JSONToken],
    _ open: inout [UInt32]
  ) -> JSONFault? {
    var written = tokens.mutableSpan
    var stack = open.mutableSpan
    return walk.run(arena, index, &written, &stack)
  }
}

extension Swift.Span where Element == UInt8 {
  /// Whether the byte occurs; eight bytes at a time.
  func contains(_ byte: UInt8, from start: Int, to end: Int) -> Bool {
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    var at = start
    while at &+ 8 <= end {
      let word = word(at: at) ^ pattern
      // The classic test for a zero byte; borrow may flag a byte above a true hit, never without one.
      if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 { return true }
      at &+= 8
    }
    while at < end {
      if self[at] == byte { return true }
      at &+= 1
    }
    return false
  }

  /// Eight bytes as a little-endian word; the arena's padding makes reading past a token's end sound.
  @inline(__always)
  func word(at index: Int) -> UInt64 {
    unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
  }
}
