import CTable

/// Memory for tables that are looked into at random: aligned to lines of the processor's cache, and of large pages where it is large.
enum LargeMemory {
  private static let lineBytes = 64
  private static let largePageBytes = 2 << 20

  static func allocate<Element>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    let isLarge = bytes >= largePageBytes
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: isLarge ? largePageBytes : max(2 * lineBytes, MemoryLayout<Element>.alignment))
    if isLarge { unsafe ctable_large(memory, bytes) }
    return unsafe memory.bindMemory(to: Element.self, capacity: count)
  }
}
