import CLibpq
import MeterModel

/// The answer to one statement: all values in one stretch of bytes, so that an answer of a million rows is no million allocations.
struct Rows: Sendable {
  private struct Cell {
    var start: Int
    /// -1 for null.
    var length: Int32
  }

  private var content: [UInt8] = []
  private var cells: [Cell] = []
  private var columns = 0
  var tag = ""

  var count: Int { columns == 0 ? 0 : cells.count / columns }

  mutating func take(_ result: OpaquePointer) {
    let rows = unsafe PQntuples(result)
    let columns = unsafe PQnfields(result)
    // A script may have several answers; the last one stands.
    if Int(columns) != self.columns { self = Rows(tag: tag) }
    self.columns = Int(columns)
    cells.reserveCapacity(cells.count + Int(rows) * Int(columns))
    for row in 0..<rows {
      for column in 0..<columns {
        if unsafe PQgetisnull(result, row, column) == 1 {
          cells.append(Cell(start: content.count, length: -1))
        } else {
          // The value belongs to the result and goes with it: copy.
          let length = unsafe PQgetlength(result, row, column)
          let start = unsafe UnsafeRawPointer(PQgetvalue(result, row, column))
          cells.append(Cell(start: content.count, length: length))
          unsafe content.append(contentsOf: UnsafeRawBufferPointer(start: start, count: Int(length)))
        }
      }
    }
  }

  private func value(_ row: Int, _ column: Int) -> ArraySlice<UInt8>? {
    precondition(column >= 0 && column < columns, "an answer has the columns that were asked for")
    let cell = cells[row * columns + column]
    return cell.length < 0 ? nil : content[cell.start..<cell.start + Int(cell.length)]
  }

  func isNull(_ row: Int, _ column: Int) -> Bool { value(row, column) == nil }

  func text(_ row: Int, _ column: Int) -> String? {
    value(row, column).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Of a text answer.
  func integer(_ row: Int, _ column: Int) -> Int64? { text(row, column).flatMap { Int64($0) } }

  func bytes(_ row: Int, _ column: Int) -> [UInt8]? { value(row, column).map { Array($0) } }

  /// Of a binary answer of type bigint.
  func binaryInteger(_ row: Int, _ column: Int) -> Int64? {
    value(row, column).map { Int64(bitPattern: Self.word($0)) }
  }

  /// Of a binary answer of type uuid.
  func seriesKey(_ row: Int, _ column: Int) -> SeriesKey? {
    guard let bytes = value(row, column), bytes.count == 16 else { return nil }
    let middle = bytes.startIndex + 8
    return SeriesKey(high: Self.word(bytes[..<middle]), low: Self.word(bytes[middle...]))
  }

  /// Of a binary answer of type numeric: its digits as a whole number, whose last ones are the fraction it is kept with.
  func units(_ row: Int, _ column: Int) -> Int128? { value(row, column).flatMap { NumericCoding.units(of: $0) } }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
