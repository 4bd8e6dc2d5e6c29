import TestStack

/// One run of the bench as a program, and what it printed: it counts allocations by standing in front of the allocator, which must
/// not happen to the tests themselves.
struct BenchRun {
  let lines: [[String]]

  init(_ arguments: String...) throws {
    let child = try ChildProcess(try Programs().bench, arguments)
    let end = try child.waitForExit(within: .seconds(300))
    guard end == .exited(0) else { throw child.failure("ended with \(end)") }
    lines = child.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  /// The words behind the first word of the line that begins with it.
  func words(_ name: String) throws -> [String] {
    guard let line = lines.first(where: { $0.first == name }) else {
      throw StackFailure(at: "bench", "there is no line '\(name)'", remedy: "look at the bench's Report")
    }
    return Array(line.dropFirst())
  }

  func number(_ name: String, _ column: Int) throws -> Double {
    let words = try words(name)
    guard column < words.count, let number = Double(words[column]) else {
      throw StackFailure(
        at: "bench", "line '\(name)' has no number at \(column) (\(words))", remedy: "look at the bench's Report")
    }
    return number
  }

  /// Words of sixteen hexadecimal digits, in the order of the lines.
  var hashes: [String] {
    lines.flatMap { $0 }.filter { $0.count == 16 && $0.allSatisfy(\.isHexDigit) && $0.contains { !$0.isNumber } }
  }
}
