import CTable

/// Memory for tables that are looked into at random: aligned to lines of the processor's cache, and of large pages where it is large.
enum LargeMemory {
  private static let lineBytes = 64
  static let pageBytes = 2 << 20

  static func allocate<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    let isLarge = bytes >= pageBytes
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: isLarge ? pageBytes : max(2 * lineBytes, MemoryLayout<Element>.alignment))
    if isLarge { unsafe ctable_large(memory, bytes) }
    return unsafe memory.bindMemory(to: Element.self, capacity: count)
  }
}

/// Memory for a table that grows and never shrinks, given back all at once. While there is little of it, it is taken as it is asked for;
/// then in large pages, of which the last is an eighth of all at most.
@safe
struct MemoryPieces: ~Copyable {
  private var pieces = unsafe [UnsafeMutablePointer<UInt8>]()
  /// Of the last piece.
  private var end: UnsafeMutablePointer<UInt8>?
  private var bytesLeft = 0
  /// All that is held.
  private(set) var bytes = 0

  deinit { unsafe pieces.forEach { unsafe $0.deallocate() } }

  /// Aligned to lines of the processor's cache, if all that is taken is a multiple of them.
  mutating func take<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
    let wanted = count * MemoryLayout<Element>.stride
    if bytesLeft < wanted {
      bytesLeft = bytes < 8 * LargeMemory.pageBytes ? wanted : max(wanted, LargeMemory.pageBytes)
      bytes += bytesLeft
      unsafe pieces.append(LargeMemory.allocate(UInt8.self, bytesLeft))
      unsafe end = pieces[pieces.count - 1] + bytesLeft
    }
    defer { bytesLeft -= wanted }
    return unsafe UnsafeMutableRawPointer(end! - bytesLeft).bindMemory(to: Element.self, capacity: count)
  }
}
