import Foundation

/// What is checked in of what the core may cost.
struct Thresholds {
  private let bounds: [String: Double]
  let names: [String]

  /// `build` is what the bench says of itself, the name of a column.
  init(build: String, here: StaticString = #filePath) throws {
    let file = URL(fileURLWithPath: here.description).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Benchmarks/thresholds.txt")
    let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: " ").map(String.init) }
    guard let column = rows.first?.firstIndex(of: build) else { throw CocoaError(.fileReadCorruptFile) }
    var bounds: [String: Double] = [:]
    for row in rows.dropFirst() where column < row.count { bounds[row[0]] = Double(row[column]) }
    self.bounds = bounds
    names = rows.dropFirst().map { $0[0] }
  }

  /// A name without a bound allows nothing.
  subscript(name: String) -> Double { bounds[name] ?? -1 }
}
