import Foundation
import TestStack
import Testing

/// The examples of the README, run as they stand there.
@Suite(.serialized) struct ProducerTests {
  @Test func `the README's kcat example is counted`() throws {
    try expectCounted(meter: "api_calls", quantity: "1") { stack, folder in
      let script = try folder.write(try Self.example("sh", containing: "kcat -P"), to: "emit.sh")
      return try ChildProcess("/bin/sh", [script], environment: ["BROKERS": stack.brokers])
    }
  }

  @Test(.enabled("the Python client is not installed (deploy/dev setup installs it)") { python != nil })
  func `the README's Python example is counted`() throws {
    try expectCounted(meter: "tokens", quantity: "1200") { stack, folder in
      let script = try folder.write(try Self.example("python", containing: "confluent_kafka"), to: "emit.py")
      return try ChildProcess(Self.python ?? "python3", [script], environment: ["BROKERS": stack.brokers])
    }
  }

  @Test(.enabled("kafkajs is not installed: no registry of Node packages is asked for it") { hasKafkaJS })
  func `the README's Node example is counted`() throws {
    try expectCounted(meter: "deployments", quantity: "1") { stack, folder in
      let script = try folder.write(try Self.example("js", containing: "kafkajs"), to: "emit.js")
      return try ChildProcess("/usr/bin/env", ["node", script], environment: ["BROKERS": stack.brokers])
    }
  }

  private func expectCounted(
    meter: String, quantity: String, _ emit: (Stack, TemporaryFolder) throws -> ChildProcess
  ) throws {
    try Stack.with { stack in
      let demo = try String(contentsOf: Self.root.appendingPathComponent("config/catalogs/demo.yaml"), encoding: .utf8)
      try stack.apply(demo)
      try stack.startDaemon().waitUntilReady()
      let process = try emit(stack, stack.folder)
      guard try process.waitForExit() == .exited(0) else {
        throw process.failure("the example failed")
      }
      try stack.database.waitFor(
        "select quantity from meterd.usage where tenant = 'acme' and meter = '\(meter)'", toBe: quantity)
    }
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// A fenced block of the README.
  private static func example(_ language: String, containing word: String) throws -> String {
    let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    let blocks = readme.components(separatedBy: "```\(language)\n").dropFirst()
    let block = blocks.first { $0.components(separatedBy: "```")[0].contains(word) }
    return try #require(block?.components(separatedBy: "```")[0], "the README has no such example")
  }

  /// The environment that `deploy/dev setup` makes, or the system's.
  private static let python: String? = {
    let own = root.appendingPathComponent(".build/venv/bin/python").path
    return [own, "/usr/bin/python3"].first { path in
      FileManager.default.isExecutableFile(atPath: path) && succeeds(path, ["-c", "import confluent_kafka"])
    }
  }()

  private static let hasKafkaJS = succeeds("/usr/bin/env", ["node", "-e", "require('kafkajs')"])

  private static func succeeds(_ program: String, _ arguments: [String]) -> Bool {
    guard let process = try? ChildProcess(program, arguments), let end = try? process.waitForExit()
    else {
      return false
    }
    return end == .exited(0)
  }
}
