import Foundation
import Testing

@testable import TestStack

@Suite struct StackTests {
  /// Programs of the right names that say what they were asked.
  private func impostors() throws -> Programs {
    let folder = try TemporaryFolder("bin")
    _ = try folder.writeScript(
      """
      [ "$1" = broker ] || { echo "$@"; exit 0; }
      echo "starting $*"
      echo bootstrap.servers=127.0.0.1:19092
      exec sleep 60
      """, to: "meterd-lab")
    _ = try folder.writeScript(
      """
      [ "$1" = run ] || { echo "$1"; echo why >&2; exit 65; }
      trap 'exit 0' TERM
      echo up >&2
      while :; do sleep 0.02; done
      """, to: "meterd")
    return Programs(in: folder.path)
  }

  @Test func `a stack has a broker, a database and daemons that end with it`() throws {
    let (broker, daemon) = try Stack.with(topics: ["a": 1, "b": 3], programs: impostors()) { stack in
      #expect(stack.brokers == "127.0.0.1:19092")
      #expect(stack.broker.output.contains("--topic a:1 --topic b:3"))
      #expect(try stack.database.scalar("SELECT 1") == "1")
      let daemon = try stack.startDaemon(["flush.interval": "5s"])
      try daemon.process.waitForLine(matching: "up")
      let yaml = try String(contentsOfFile: daemon.configuration, encoding: .utf8)
      #expect(yaml.contains("\n  interval: 5s\n"))
      #expect(yaml.contains("\n  listen: \(daemon.address)\n"))
      #expect(yaml.contains("  url: \(stack.databaseURL)"))
      #expect(try stack.load(5, seed: 9).hasSuffix(".ndjson"))
      return (stack.broker, daemon)
    }
    #expect(!broker.isRunning)
    #expect(daemon.process.end == .exited(0))
  }

  @Test func `a subcommand's status and both its streams are told`() throws {
    try Stack.with(programs: impostors()) { stack in
      let outcome = try stack.meterd(["check"])
      #expect(outcome.status == 65)
      #expect(outcome.output == "check\n")
      #expect(outcome.errors == "why\n")
      let failure = #expect(throws: StackFailure.self) { try stack.apply("meters: []") }
      #expect(failure?.description.contains("exited with 65") == true)
    }
  }

  @Test func `a daemon that ends before it is ready is told with its lines`() throws {
    try Stack.with(programs: impostors()) { stack in
      let daemon = try stack.startDaemon()
      try daemon.process.waitForLine(matching: "up")
      try daemon.kill9()
      let failure = #expect(throws: StackFailure.self) { try daemon.waitUntilReady() }
      #expect(failure?.description.contains("ended before /readyz was 200") == true)
      #expect(failure?.description.contains("! up") == true)
    }
  }

  @Test func `dotted keys become a tree, and names of librdkafka stay whole`() {
    let settings = Settings([
      "kafka.brokers": "h:1", "kafka.properties.fetch.wait.max.ms": "\"50\"", "dedupe": "{ window: 1h }",
      "dedupe.window": "2h", "http.tls_cert": "", "lanes": "auto",
    ])
    #expect(
      settings.yaml == """
        dedupe: { window: 1h }
        http:
          tls_cert: ""
        kafka:
          brokers: h:1
          properties:
            fetch.wait.max.ms: "50"
        lanes: auto

        """)
  }

  @Test func `a missing program is one clear sentence`() throws {
    let folder = try TemporaryFolder()
    let failure = #expect(throws: StackFailure.self) { try Programs(in: folder.path).meterd }
    #expect(
      failure?.description
        == "programs: there is no 'meterd' in '\(folder.path)'; run 'swift build', or name the folder in METERD_BIN_DIR"
    )
  }

  @Test func `programs are looked for beside the tests`() throws {
    let named = ProcessInfo.processInfo.environment["METERD_BIN_DIR"]
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    if named == nil { #expect(own.hasPrefix(Programs().folder + "/") || own.contains("swiftpm-testing-helper")) }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n",
    "HTTP/1.0 200\r\n\r\nready",
  ])
  func `an answer is read whole in each of its forms`(_ answer: String) throws {
    let listener = try #require(Socket.listen(onPort: 0))
    defer { close(listener) }
    Thread.detachNewThread {
      var accepted: Int32?
      try? eventually("a client") {
        accepted = Socket.accept(from: listener)
        return accepted != nil
      }
      guard let client = accepted else { return }
      var request = [UInt8](repeating: 0, count: 1000)
      try? eventually("a request") { unsafe recv(client, &request, request.count, 0) > 0 }
      let bytes = Array(answer.utf8)
      _ = unsafe send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      close(client)
    }
    let seen = try HTTPAnswer.ask("GET", "/readyz", of: "127.0.0.1:\(Socket.port(of: listener))")
    #expect(seen.status == 200)
    #expect(seen.body == "ready")
  }

  @Test func `a condition that never holds is told with the last value or error`() {
    var last = 0
    let failure = #expect(throws: StackFailure.self) {
      try eventually("seven", is: 7, within: .milliseconds(30)) {
        last += 1
        return last == 7 ? 8 : last
      }
    }
    #expect(failure?.description.contains("the last value was '\(last == 7 ? 8 : last)'") == true)
    let thrown = #expect(throws: StackFailure.self) {
      try eventually("peace", within: .milliseconds(5)) { throw StackFailure(at: "there", "war") }
    }
    #expect(thrown?.description.contains("there: war") == true)
  }
}
