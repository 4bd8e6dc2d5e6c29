import Glibc
import MeterModel

/// The file that operators tail: whole lines, in the order in which they were told, rotated by size.
///
/// The file is its own bookmark: what comes behind its last line is written next, so a daemon that was killed leaves nothing out. Used on
/// one queue.
final class LimitLog {
  /// A failure in words, by its number.
  struct Failure: Error {
    var code: Int32
    var words: String { unsafe String(cString: strerror(code)) }
  }

  static let standardOutput = "-"
  /// Of a line more than enough.
  private static let tailBytes = 64 << 10

  private let path: String
  private let sizeMax: Int
  private let keep: Int
  private var descriptor: Int32 = -1
  private var size = 0

  init(path: String, sizeMax: Int, keep: Int) {
    self.path = path
    self.sizeMax = sizeMax
    self.keep = keep
  }

  deinit { close() }

  private var isFile: Bool { path != Self.standardOutput }

  /// Writes a line; what did not go out whole is taken back.
  func write(_ line: [UInt8]) throws(Failure) {
    if descriptor < 0 { try open() }
    if isFile, size > 0, size + line.count > sizeMax {
      rotate()
      try open()
    }
    var written = 0
    while written < line.count {
      let count = unsafe line.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
      }
      if count > 0 {
        written += count
      } else if count == 0 || errno != EINTR {
        let failure = Failure(code: count == 0 ? ENOSPC : errno)
        if isFile, written > 0 { ftruncate(descriptor, size) }
        close()
        throw failure
      }
    }
    size += line.count
  }

  /// The file may have been moved away: the next line goes to where the path says.
  func reopen() { close() }

  /// What the last line was, in this file or the one before; nil if there is none.
  func lastLine() -> [UInt8]? {
    guard isFile else { return nil }
    return Self.lastLine(of: path) ?? Self.lastLine(of: name(1))
  }

  private static func lastLine(of path: String) -> [UInt8]? {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { Glibc.close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    var tail = [UInt8](repeating: 0, count: min(tailBytes, max(0, end)))
    guard read(descriptor, &tail, at: end - tail.count) else { return nil }
    // What a crash has torn is no line.
    return tail.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().last.map { Array($0) }
  }

  private static func read(_ descriptor: Int32, _ bytes: inout [UInt8], at offset: Int) -> Bool {
    let wanted = bytes.count
    return unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, wanted, offset) } == wanted
  }

  private func open() throws(Failure) {
    guard isFile else {
      descriptor = 1
      return
    }
    let opened = unsafe Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard opened >= 0 else { throw Failure(code: errno) }
    descriptor = opened
    size = max(0, lseek(opened, 0, SEEK_END))
    mend()
  }

  /// Takes off what a crash has torn.
  private func mend() {
    var tail = [UInt8](repeating: 0, count: min(Self.tailBytes, size))
    let start = size - tail.count
    guard Self.read(descriptor, &tail, at: start), let last = tail.last, last != UInt8(ascii: "\n") else { return }
    let whole = tail.lastIndex(of: UInt8(ascii: "\n")).map { start + $0 + 1 } ?? start
    if ftruncate(descriptor, whole) == 0 { size = whole }
  }

  private func name(_ number: Int) -> String { "\(path).\(number)" }

  private func rotate() {
    close()
    for number in stride(from: keep - 1, through: 1, by: -1) { unsafe Glibc.rename(name(number), name(number + 1)) }
    unsafe Glibc.rename(path, name(1))
  }

  private func close() {
    if isFile, descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}
