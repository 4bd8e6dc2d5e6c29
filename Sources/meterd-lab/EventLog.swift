import Glibc
import MeterModel
import MeterOracle

/// Event files, one after the other as one log, of which no more than a piece and a line are in memory.
///
/// One reader sees them all: offsets grow over the files, and a partition that starts again is told with its line.
struct EventLog {
  private static let pieceBytes = 1 << 18

  private var reader: RecordFile.Reader
  private var path = ""
  /// Lines of this file so far; the reader counts those of all.
  private var linesBefore = 0
  private var lines = 0

  init(_ form: RecordFile.Form, maxEventBytes: Int) {
    // A value is six times as long where every byte is escaped; 16 MiB are for its headers.
    reader = RecordFile.Reader(form, lineBytesMax: 6 * maxEventBytes + (16 << 20))
  }

  /// `-` is stdin.
  mutating func read(_ path: String, each: (OracleRecord) -> Void) throws(Complaint) {
    // The last line of the file before may lack its line break.
    try end(each: each)
    self.path = path
    linesBefore = lines
    let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(errno) }
    defer { if descriptor != 0 { close(descriptor) } }

    var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
    while true {
      let room = piece.count
      let count = unsafe Glibc.read(descriptor, &piece, room)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable(errno)
      }
      let bytes = Array(piece[..<count])
      let records: [OracleRecord]
      do throws(RecordFile.Fault) { records = try reader.take(bytes) } catch { throw complaint(error) }
      lines += records.count
      for record in records { each(record) }
    }
  }

  /// The record of a last line without a line break.
  mutating func end(each: (OracleRecord) -> Void) throws(Complaint) {
    do throws(RecordFile.Fault) {
      guard let record = try reader.end() else { return }
      lines += 1
      each(record)
    } catch {
      throw complaint(error)
    }
  }

  private func complaint(_ fault: RecordFile.Fault) -> Complaint {
    let place = fault.line.map { ":\($0 - linesBefore)" } ?? ""
    return Complaint(.input, at: "events: \(path)\(place)", text: fault.what)
  }

  private func unreadable(_ code: Int32) -> Complaint {
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    return Complaint(
      .input, at: "events: \(path)", "the file cannot be read (\(reason))", remedy: "name a readable file")
  }
}
