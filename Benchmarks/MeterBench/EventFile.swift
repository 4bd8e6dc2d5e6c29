import Glibc
import MeterModel

/// The stream's events in a file, one a line, so that another program can count the very same ones.
enum EventFile {
  /// Returns a line of what the events are like.
  static func make(_ path: String, events: Int, tenants: Int, duplicatePercent: Int) throws -> String {
    var stream = UsageStream(tenants: tenants, duplicatePercent: duplicatePercent)
    guard let file = unsafe fopen(path, "w") else { throw trouble(path, "cannot be written", .cannotWrite) }
    var text: [UInt8] = []
    var isWritten = true
    for _ in 0..<events {
      stream.next(into: &text)
      text.append(10)
      isWritten = unsafe text.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
      if !isWritten { break }
    }
    isWritten = unsafe fclose(file) == 0 && isWritten
    if !isWritten { throw trouble(path, "cannot be written", .cannotWrite) }
    return stream.shares
  }

  /// Reads, decodes, counts and seals the file. Adding the flushes up is what the database does, and is not timed.
  static func count(_ path: String) throws -> FileCount.Outcome {
    let descriptor = unsafe open(path, O_RDONLY)
    guard descriptor >= 0 else { throw trouble(path, "cannot be read", .input) }
    defer { close(descriptor) }
    var count = FileCount()
    count.watch.start()
    while let got = unsafe count.take({ unsafe read(descriptor, $0.baseAddress!, $0.count) }) {
      guard got >= 0 else { throw trouble(path, "cannot be read", .input) }
    }
    return count.finish()
  }

  private static func trouble(_ path: String, _ problem: String, _ status: ExitStatus) -> Complaint {
    Complaint(status, at: "file '\(path)'", problem, remedy: "name another file")
  }
}
