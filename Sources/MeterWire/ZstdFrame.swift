import CLibzstd

/// Opens what a record with `content-encoding: zstd` holds: exactly one frame, and no more of it than an event may have.
///
/// One context serves all frames of a decoder. What a frame can take is bounded twice: by the caller's limit on its content, and by
/// libzstd's own bound on the window a frame may ask for, which is set to twice the limit.
@safe
struct ZstdFrame: ~Copyable {
  enum Outcome: Equatable {
    case content
    /// Not one whole frame: cut short, broken, followed by more, or of another kind.
    case broken
    /// The content is larger than the limit.
    case tooLarge
  }

  /// Frames of other kinds (skippable, or of zstd's past) begin otherwise, and libzstd may take some of them.
  private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
  private static let windowLogMin: Int32 = 20
  private static let pieceBytes = 1 << 16

  private let context: OpaquePointer
  private let limit: Int
  private var piece: [UInt8]

  init(limit: Int) {
    guard let context = unsafe ZSTD_createDCtx() else {
      preconditionFailure("a zstd context could not be made: out of memory")
    }
    var windowLog = Self.windowLogMin
    while windowLog < 30, 1 << Int(windowLog) < 2 * limit { windowLog += 1 }
    _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
    unsafe self.context = context
    self.limit = limit
    piece = Array(repeating: 0, count: min(Self.pieceBytes, max(1, limit)))
  }

  deinit { _ = unsafe ZSTD_freeDCtx(context) }

  /// Appends the content of the frame that `length` bytes from `start` are. On failure `content` is as it was.
  mutating func open(
    _ arena: Swift.Span<UInt8>, start: Int, length: Int, into content: inout [UInt8]
  ) -> Outcome {
    guard length >= Self.magic.count, Self.magic.indices.allSatisfy({ arena[start + $0] == Self.magic[$0] }) else {
      return .broken
    }
    let before = content.count
    let outcome = decompress(arena, start, length, &content)
    if outcome != .content { content.removeSubrange(before...) }
    return outcome
  }

  private mutating func decompress(
    _ arena: Swift.Span<UInt8>, _ start: Int, _ length: Int, _ content: inout [UInt8]
  ) -> Outcome {
    _ = unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    let before = content.count
    var taken = 0
    while true {
      var made = 0
      let left = unsafe arena.withUnsafeBufferPointer { source in
        unsafe piece.withUnsafeMutableBytes { target in
          var input = unsafe ZSTD_inBuffer(src: source.baseAddress! + start, size: length, pos: taken)
          var output = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
          let left = unsafe ZSTD_decompressStream(context, &output, &input)
          taken = unsafe input.pos
          made = unsafe output.pos
          return left
        }
      }
      if ZSTD_isError(left) != 0 { return .broken }
      content += piece[..<made]
      if content.count - before > limit { return .tooLarge }
      if left == 0 {
        let isTrue = saysItsSize(arena, start, length, content.count - before)
        return taken == length && isTrue ? .content : .broken
      }
      // All input is used and there was room for more: the frame is cut short.
      if taken == length, made < piece.count { return .broken }
    }
  }

  /// A frame may state its content's size, which the stream does not compare where the last block is an empty one.
  private func saysItsSize(_ arena: Swift.Span<UInt8>, _ start: Int, _ length: Int, _ made: Int) -> Bool {
    let stated = unsafe arena.withUnsafeBufferPointer {
      unsafe ZSTD_getFrameContentSize($0.baseAddress! + start, length)
    }
    // libzstd's word for a size that is not stated has all bits set.
    return stated == .max || stated == UInt64(made)
  }
}
