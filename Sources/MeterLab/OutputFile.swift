import Glibc

/// A file that is written from its beginning to its end, in large pieces.
final class OutputFile {
  private static let pieceBytes = 1 << 18

  private let file: FileDescriptor
  private var isOpen = true
  private var buffer: [UInt8] = []

  init(path: String) throws(LabError) {
    let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if number < 0 { throw .cannotWrite(path: path, errno: errno) }
    file = FileDescriptor(number, path: path)
    buffer.reserveCapacity(Self.pieceBytes * 2)
  }

  /// Only an error on the way leaves a file unclosed until here; it was told already.
  deinit {
    if isOpen { _ = Glibc.close(file.number) }
  }

  /// Lets `write` append to the buffer in place, so that no line is made and then copied.
  func append(_ write: (inout [UInt8]) -> Void) throws(LabError) {
    write(&buffer)
    if buffer.count >= Self.pieceBytes { try flush() }
  }

  func flush() throws(LabError) {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Some file systems say only at the close that there was no room.
  func close() throws(LabError) {
    try flush()
    isOpen = false
    if Glibc.close(file.number) != 0 { throw .cannotWrite(path: file.path, errno: errno) }
  }
}
