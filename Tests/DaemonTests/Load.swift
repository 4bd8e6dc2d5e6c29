import Foundation
import TestStack

/// A load that runs beside the test.
final class Load: Sendable {
  private let process: ChildProcess
  private let copy: String
  private let count: Int?

  /// Without a count it runs until `finish`, so that there is a flow however long the test takes.
  init(_ stack: Stack, topic: String = "usage.events", count: Int? = nil, rate: Int, seed: Int = 1) throws {
    self.count = count
    copy = stack.folder.path(of: "load-\(seed)-\(rate).ndjson")
    var arguments = [
      "load", "--brokers", stack.brokers, "--topic", topic, "--rate", "\(rate)", "--seed", "\(seed)",
      "--duplicates", "0.1", "--late", "0.05", "--malformed", "0.01", "--tenants", "100", "--copy", copy,
    ]
    if let count { arguments += ["--count", "\(count)"] }
    process = try ChildProcess(stack.programs.lab, arguments, named: "load")
  }

  /// Waits for the end, or brings it about; returns the record file.
  func finish() throws -> String {
    if count == nil { process.send(SIGINT) }
    guard try process.waitForExit(within: .seconds(600)) == .exited(0) else { throw process.failure("the load failed") }
    return copy
  }
}
