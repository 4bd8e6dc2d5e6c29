import CLibzstd

/// Opens what a record with `content-encoding: zstd` holds.
enum ZstdFrame {
  /// Frames of other kinds (skippable, or of zstd's past versions) begin otherwise, and libzstd may take some of them.
  private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  /// The content of the one frame that the bytes are; its first `limit` bytes when there are more, without a look at
  /// what follows; nil for anything else: a frame cut short or broken, a second frame, bytes behind it.
  ///
  /// What it may take is bounded by `limit`, and by libzstd's own 128 MiB for a frame's window.
  static func content(of frame: [UInt8], limit: Int) -> [UInt8]? {
    guard frame.starts(with: magic) else { return nil }
    guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("there is memory for a frame's context") }
    defer { unsafe ZSTD_freeDCtx(context) }

    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: min(limit, ZSTD_DStreamOutSize()))
    var taken = 0
    while true {
      let room = min(piece.count, limit - content.count)
      var made = 0
      let left = unsafe frame.withUnsafeBytes { source in
        unsafe piece.withUnsafeMutableBytes { target in
          var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: taken)
          var output = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: room, pos: 0)
          let left = unsafe ZSTD_decompressStream(context, &output, &input)
          taken = unsafe input.pos
          made = unsafe output.pos
          return left
        }
      }
      if ZSTD_isError(left) != 0 { return nil }
      content += piece[..<made]
      if left == 0 { return taken == frame.count ? content : nil }
      if content.count == limit { return content }
      // All input is used and there was room for more: the frame is cut short.
      if taken == frame.count, made < room { return nil }
    }
  }
}
