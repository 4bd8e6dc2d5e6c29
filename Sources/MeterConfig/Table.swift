/// Columns for people: as wide as their widest cell, two blanks between.
public struct Table {
  private let heads: [String]
  private let rightAligned: Set<String>
  private var rows: [[String]] = []

  public init(_ heads: [String], rightAligned: Set<String>) {
    self.heads = heads
    self.rightAligned = rightAligned
  }

  public mutating func add(_ row: [String]) { rows.append(row) }

  public func printOut() {
    let widths = heads.indices.map { column in ([heads] + rows).map { $0[column].count }.max() ?? 0 }
    for row in [heads] + rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let blanks = String(repeating: " ", count: widths[column] - cell.count)
        line += rightAligned.contains(heads[column]) ? blanks + cell : cell + blanks
        if column < row.count - 1 { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      print(line)
    }
  }
}
