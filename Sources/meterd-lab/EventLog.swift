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
    let descriptor = try begin(path)
    defer { if descriptor != 0 { close(descriptor) } }
    while let records = try piece(of: descriptor) {
      for record in records { each(record) }
    }
  }

  /// Opens a file for `piece`; the caller closes what is not stdin.
  mutating func begin(_ path: String) throws(Complaint) -> Int32 {
    self.path = path
    linesBefore = lines
    let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(errno) }
    return descriptor
  }

  /// The records of the lines that end in the next piece of the file, perhaps none; nil at its end.
  mutating func piece(of descriptor: Int32) throws(Complaint) -> [OracleRecord]? {
    var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
    while true {
      let room = piece.count
      let count = unsafe Glibc.read(descriptor, &piece, room)
      if count == 0 { return nil }
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable(errno)
      }
      do throws(RecordFile.Fault) {
        let records = try reader.take(Array(piece[..<count]))
        lines += records.count
        return records
      } catch {
        throw complaint(error)
      }
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
