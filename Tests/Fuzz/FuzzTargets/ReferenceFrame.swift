import CLibzstd

/// Frames made and opened in one call each: not the way the decoder does it.
enum ReferenceFrame {
  /// More than any frame of the inputs here may hold and still be looked at.
  static let room = 1 << 18

  static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let room = frame.count
    let size = unsafe ZSTD_compress(&frame, room, bytes, bytes.count, 1)
    precondition(ZSTD_isError(size) == 0, "any bytes can be compressed")
    return Array(frame[..<size])
  }

  /// The content of exactly one frame; nil for anything else and for what has no room here.
  static func content(_ frame: [UInt8]) -> [UInt8]? {
    guard isFrame(frame) else { return nil }
    let room = room
    var made = 0
    let content = unsafe [UInt8](unsafeUninitializedCapacity: room) { target, count in
      made = unsafe ZSTD_decompress(target.baseAddress, room, frame, frame.count)
      count = ZSTD_isError(made) == 0 ? made : 0
    }
    return ZSTD_isError(made) == 0 ? content : nil
  }

  /// One frame by its blocks, whether or not they can be opened.
  static func isFrame(_ frame: [UInt8]) -> Bool {
    let size = unsafe ZSTD_findFrameCompressedSize(frame, frame.count)
    return frame.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) && ZSTD_isError(size) == 0 && size == frame.count
  }

  /// Whether a frame asks for more memory than the decoder grants, or has a block larger than its own window allows. One call
  /// opens both, for it needs no window; a stream refuses them, the second by the format's rule.
  static func isForOneCallOnly(_ frame: [UInt8]) -> Bool {
    guard let (window, blocks) = header(frame) else { return false }
    return window > 1 << 20 || hasBlock(frame, from: blocks) { UInt64($1) > min(window, 1 << 17) }
  }

  /// Whether a stream that gets a frame byte by byte comes to its end. What one call opens and this does not makes more of a
  /// block than the frame's window allows, which the format forbids (RFC 8878, 3.1.1.2.4) and one call does not look at.
  static func opensInPieces(_ frame: [UInt8]) -> Bool {
    guard let context = unsafe ZSTD_createDCtx() else { return false }
    defer { _ = unsafe ZSTD_freeDCtx(context) }
    var piece = [UInt8](repeating: 0, count: 1_024)
    var at = 0
    while true {
      var made = 0
      let room = piece.count
      let left = unsafe frame.withUnsafeBytes { source in
        unsafe piece.withUnsafeMutableBytes { target in
          var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: min(at + 1, source.count), pos: at)
          var output = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: room, pos: 0)
          let left = unsafe ZSTD_decompressStream(context, &output, &input)
          at = unsafe input.pos
          made = unsafe output.pos
          return left
        }
      }
      if ZSTD_isError(left) != 0 { return false }
      if left == 0 { return at == frame.count }
      if at == frame.count, made < room { return false }
    }
  }

  /// What a frame asks for, its window or its whole content where that stands in for one, and where its blocks begin
  /// (RFC 8878, 3.1.1.1). Nil when the header is cut short.
  private static func header(_ frame: [UInt8]) -> (window: UInt64, blocks: Int)? {
    guard frame.count > 5 else { return nil }
    let flags = frame[4]
    let isSingle = flags & 0x20 != 0
    let start = (isSingle ? 5 : 6) + [0, 1, 2, 4][Int(flags & 3)]
    let count = !isSingle && flags >> 6 == 0 ? 0 : 1 << Int(flags >> 6)
    guard frame.count >= start + count else { return nil }
    if isSingle {
      let size = frame[start..<start + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return (count == 2 ? size + 256 : size, start + count)
    }
    let base: UInt64 = 1 << (10 + UInt64(frame[5] >> 3))
    return (base + base / 8 * UInt64(frame[5] & 7), start + count)
  }

  /// Whether a frame has a compressed block of no bytes, which a stream passes over and one call refuses.
  static func isForStreamOnly(_ frame: [UInt8]) -> Bool {
    guard let (_, blocks) = header(frame) else { return false }
    return hasBlock(frame, from: blocks) { kind, size in kind == 2 && size == 0 }
  }

  private static func hasBlock(_ frame: [UInt8], from start: Int, that fits: (_ kind: Int, _ size: Int) -> Bool) -> Bool
  {
    var at = start
    while at + 3 <= frame.count {
      let word = Int(frame[at]) | Int(frame[at + 1]) << 8 | Int(frame[at + 2]) << 16
      if fits(word >> 1 & 3, word >> 3) { return true }
      if word & 1 == 1 { return false }
      // A run is one byte, whatever its length.
      at += 3 + (word >> 1 & 3 == 1 ? 1 : word >> 3)
    }
    return false
  }
}
