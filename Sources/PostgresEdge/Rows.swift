import CLibpq
import MeterModel

/// The answer to one statement.
struct Rows: Sendable {
  private(set) var cells: [[[UInt8]?]] = []
  var tag = ""

  var count: Int { cells.count }

  mutating func take(_ result: OpaquePointer) {
    let rows = unsafe PQntuples(result)
    let columns = unsafe PQnfields(result)
    for row in 0..<rows {
      var values: [[UInt8]?] = []
      for column in 0..<columns {
        if unsafe PQgetisnull(result, row, column) == 1 {
          values.append(nil)
        } else {
          // The value belongs to the result and goes with it: copy.
          let length = unsafe Int(PQgetlength(result, row, column))
          let start = unsafe UnsafeRawPointer(PQgetvalue(result, row, column))
          unsafe values.append(Array(UnsafeRawBufferPointer(start: start, count: length)))
        }
      }
      cells.append(values)
    }
  }

  func text(_ row: Int, _ column: Int) -> String? {
    cells[row][column].map { String(decoding: $0, as: UTF8.self) }
  }

  /// Of a text answer.
  func integer(_ row: Int, _ column: Int) -> Int64? { text(row, column).flatMap { Int64($0) } }

  func bytes(_ row: Int, _ column: Int) -> [UInt8]? { cells[row][column] }

  /// Of a binary answer of type bigint.
  func binaryInteger(_ row: Int, _ column: Int) -> Int64? {
    cells[row][column].map { bytes in
      Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
  }

  /// Of a binary answer of type uuid.
  func seriesKey(_ row: Int, _ column: Int) -> SeriesKey? {
    guard let bytes = cells[row][column], bytes.count == 16 else { return nil }
    func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    return SeriesKey(high: word(bytes[..<8]), low: word(bytes[8...]))
  }
}
