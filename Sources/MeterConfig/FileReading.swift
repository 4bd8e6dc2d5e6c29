import Glibc

/// Why a file could not be read, without its content.
struct FileFault: Error {
  var reason: String

  init(reason: String) { self.reason = reason }

  /// The few causes that happen to people are worded; the C library's own table is not safe to use from several
  /// threads.
  init(code: Int32) {
    switch code {
    case ENOENT: reason = "no such file"
    case ENOTDIR: reason = "a part of its path is not a directory"
    case EACCES, EPERM: reason = "permission denied"
    case EISDIR: reason = "it is a directory"
    default: reason = "error \(code)"
    }
  }
}

/// Reads a whole file of at most `bytesMax` bytes. A pipe is taken too: secrets often arrive through one.
func readFile(_ path: String, bytesMax: Int) throws(FileFault) -> [UInt8] {
  // The C call would stop at the NUL and open another file.
  guard !path.utf8.contains(0) else { throw FileFault(reason: "its name holds a NUL") }
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileFault(code: errno) }
  defer { close(descriptor) }

  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    if count == 0 { return bytes }
    if count < 0 {
      if errno == EINTR { continue }
      throw FileFault(code: errno)
    }
    bytes += chunk.prefix(count)
    guard bytes.count <= bytesMax else {
      throw FileFault(reason: "it is larger than \(ByteSize(bytes: bytesMax).text)")
    }
  }
}

/// `path` as seen from the directory of `file`: where a configuration says `secrets/url`, it means next to itself.
func path(_ path: String, nextTo file: String) -> String {
  guard !path.hasPrefix("/"), let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
  return file[...slash] + path
}
