import CLibzstd

/// Opens what a record with `content-encoding: zstd` holds: exactly one frame, and no more of it than an event may have.
///
/// A frame is opened in one call into one piece of memory, of which there is as much as an event may have. So no window of earlier
/// content is kept, whatever the frame asks for, and what a frame becomes cannot depend on the ones before it: a stream's ring
/// keeps the size of the largest of them, and a frame that reaches further back than its own window finds other bytes there.
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
  private let context: OpaquePointer
  private let limit: Int
  /// Grows to the limit with the first frame that does not state its size, else to the largest size stated.
  private var piece: [UInt8] = []

  init(limit: Int) {
    guard let context = unsafe ZSTD_createDCtx() else {
      preconditionFailure("a zstd context could not be made: out of memory")
    }
    unsafe self.context = context
    self.limit = limit
  }

  deinit { _ = unsafe ZSTD_freeDCtx(context) }

  /// Appends the content of the frame that `length` bytes from `start` are. On failure `content` is as it was.
  mutating func open(
    _ arena: Swift.Span<UInt8>, start: Int, length: Int, into content: inout [UInt8]
  ) -> Outcome {
    guard length >= Self.magic.count,
      Self.magic.indices.allSatisfy({ arena[start + $0] == Self.magic[$0] })
    else {
      return .broken
    }
    let (found, stated) = unsafe arena.withUnsafeBufferPointer { source in
      let frame = unsafe source.baseAddress! + start
      return unsafe (
        ZSTD_findFrameCompressedSize(frame, length), ZSTD_getFrameContentSize(frame, length)
      )
    }
    guard ZSTD_isError(found) == 0, found == length else { return .broken }
    // libzstd's word for a size that is not stated has all bits set, that for an error is one less; found above, there is none.
    let isStated = stated != .max
    if isStated, stated > UInt64(limit) { return .tooLarge }
    let room = isStated ? Int(stated) : limit
    if piece.count < max(1, room) { piece = Array(repeating: 0, count: max(1, room)) }
    let made = unsafe arena.withUnsafeBufferPointer { source in
      unsafe piece.withUnsafeMutableBytes { target in
        unsafe ZSTD_decompressDCtx(
          context, target.baseAddress, room, source.baseAddress! + start, length)
      }
    }
    if ZSTD_isError(made) != 0 {
      return !isStated && ZSTD_getErrorCode(made) == ZSTD_error_dstSize_tooSmall
        ? .tooLarge : .broken
    }
    content += piece[..<made]
    return .content
  }
}
