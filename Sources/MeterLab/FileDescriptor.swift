import Glibc

/// A descriptor that somebody else owns and closes.
struct FileDescriptor {
  let number: Int32
  /// For messages.
  let path: String

  init(_ number: Int32, path: String) {
    self.number = number
    self.path = path
  }

  func write(_ bytes: [UInt8]) throws(LabError) {
    var at = 0
    while at < bytes.count {
      let written = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(number, buffer.baseAddress?.advanced(by: at), buffer.count - at)
      }
      if written >= 0 {
        at += written
      } else if errno != EINTR {
        throw .cannotWrite(path: path, errno: errno)
      }
    }
  }
}
