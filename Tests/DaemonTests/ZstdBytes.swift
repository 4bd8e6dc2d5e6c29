/// A frame of zstd laid out by hand (RFC 8878), so that every byte of it can be wrong on purpose.
///
/// Its blocks are raw or of one repeated byte; nothing here compresses.
struct ZstdBytes {
  enum Block {
    case raw([UInt8])
    case repeated(UInt8, Int)
  }

  static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
  private static let blockBytesMax = 1 << 17

  /// What the header says of the content's size; nil is nothing, and then it names a window of `windowLog`.
  var statedBytes: Int?
  var windowLog = 17
  /// The four bytes behind the last block, which are no checksum of anything unless somebody reckoned one.
  var checksum: [UInt8]?
  var dictionary: UInt8?
  var blocks: [Block]

  /// One frame that holds the content and says how large it is.
  init(_ content: [UInt8]) {
    statedBytes = content.count
    blocks = stride(from: 0, to: max(1, content.count), by: Self.blockBytesMax).map {
      .raw(Array(content[$0..<min(content.count, $0 + Self.blockBytesMax)]))
    }
  }

  init(_ text: String) { self.init(Array(text.utf8)) }

  /// A frame that says no size, of one byte again and again.
  init(repeating byte: UInt8, count: Int) {
    blocks = stride(from: 0, to: count, by: Self.blockBytesMax).map {
      .repeated(byte, min(count - $0, Self.blockBytesMax))
    }
  }

  /// A frame that every reader of zstd passes over.
  static func skippable(_ content: [UInt8]) -> [UInt8] {
    [0x50, 0x2A, 0x4D, 0x18] + littleEndian(content.count, 4) + content
  }

  var bytes: [UInt8] {
    var bytes = Self.magic
    // Bits 6 and 7 say how long the size is, 5 that there is no window of its own, 2 the checksum, 0 and 1 the dictionary.
    let flags: UInt8 = (checksum == nil ? 0 : 4) | (dictionary == nil ? 0 : 1)
    if let statedBytes {
      bytes += [0xA0 | flags] + [dictionary].compactMap { $0 } + Self.littleEndian(statedBytes, 4)
    } else {
      bytes += [flags, UInt8(windowLog - 10) << 3] + [dictionary].compactMap { $0 }
    }
    for (place, block) in blocks.enumerated() {
      let last = place == blocks.count - 1 ? 1 : 0
      switch block {
      case .raw(let content): bytes += Self.littleEndian(content.count << 3 | last, 3) + content
      case .repeated(let byte, let count): bytes += Self.littleEndian(count << 3 | 1 << 1 | last, 3) + [byte]
      }
    }
    return bytes + (checksum ?? [])
  }

  private static func littleEndian(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
