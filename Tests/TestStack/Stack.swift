import Foundation
import Synchronization

/// What an end-to-end test needs at once: a broker, a database of the shared cluster, a folder, and meterd's programs.
///
/// Everything ends with `stop()`, and at the latest with the test process; `Stack.with` stops for you.
public final class Stack: Sendable {
  /// What a subcommand did.
  public struct Outcome: Sendable {
    public let status: Int32
    public let output: String
    public let errors: String
  }

  public let programs: Programs
  public let folder: TemporaryFolder
  public let broker: ChildProcess
  /// `HOST:PORT` of the broker.
  public let brokers: String
  public let databaseURL: String
  public let database: Database
  private let topics: [String]
  private let group: String
  private let console: String
  private let running = Mutex<[ChildProcess]>([])

  /// `topics` are names and partition counts. `cluster` is for a test that treats PostgreSQL badly; `reach` says under what other URL
  /// its database is reached, and must hold from the beginning.
  public init(
    topics: [String: Int] = ["usage.events": 4], cluster: PostgresCluster? = nil, programs: Programs = Programs(),
    reach: (String) -> String = { $0 }
  ) throws(StackFailure) {
    self.programs = programs
    self.topics = topics.keys.sorted()
    folder = try TemporaryFolder("stack")
    group = "meterd-\(folder.path.split(separator: "/").last ?? "")"
    let flags = topics.sorted { $0.key < $1.key }.flatMap { ["--topic", "\($0.key):\($0.value)"] }
    console = folder.path(of: "broker.commands")
    guard unsafe mkfifo(console, 0o600) == 0 else {
      throw StackFailure(at: "stack", "cannot make a pipe (\(lastError()))")
    }
    broker = try ChildProcess(try programs.lab, ["broker"] + flags, named: "broker", input: console)
    let greeting = "bootstrap.servers="
    do throws(StackFailure) {
      let line = try broker.waitForLine(matching: greeting)
      brokers = line.text.components(separatedBy: greeting).last?.trimmingCharacters(in: .whitespaces) ?? ""
      let server = if let cluster { cluster } else { try PostgresCluster.shared }
      databaseURL = reach(try server.createDatabase("stack"))
      database = try Database(databaseURL)
    } catch {
      broker.send(SIGKILL)
      throw error
    }
  }

  /// Builds a stack, hands it to `body`, and stops it.
  public static func with<Value>(
    topics: [String: Int] = ["usage.events": 4], cluster: PostgresCluster? = nil, programs: Programs = Programs(),
    _ body: (Stack) throws -> Value
  ) throws -> Value {
    let stack = try Stack(topics: topics, cluster: cluster, programs: programs)
    defer { stack.stop() }
    return try body(stack)
  }

  /// Has the broker carry out a command of its console, such as `topic-error usage.events UNKNOWN_TOPIC_OR_PART`.
  public func tellBroker(_ command: String) throws(StackFailure) {
    let start = broker.nextLine
    let pipe = Descriptors.open(console, O_WRONLY | O_NONBLOCK)
    let line = Array("\(command)\n".utf8)
    let written = unsafe write(pipe, line, line.count)
    close(pipe)
    guard written == line.count else { throw broker.failure("does not take '\(command)' (\(lastError()))") }
    let answer = try broker.waitForLine("an answer to '\(command)'", from: start) { $0.stream == .output }
    guard answer.text.hasPrefix("ok") else { throw broker.failure("refused '\(command)'") }
  }

  // Configuration

  /// Where everything of this stack is, with short waits; `overrides` are laid over it.
  public func settings(_ overrides: [String: String] = [:], listen: String? = nil) -> Settings {
    var values = [
      "kafka.brokers": brokers, "kafka.topics": "[\(topics.joined(separator: ", "))]", "kafka.group": group,
      // The broker of the laboratory answers an empty fetch only after the whole wait.
      "kafka.properties.fetch.wait.max.ms": "\"50\"",
      "postgres.url": databaseURL, "flush.interval": "100ms", "http.auth": "none",
    ]
    if let listen { values["http.listen"] = listen }
    values.merge(overrides) { $1 }
    return Settings(values)
  }

  /// Writes a configuration file and returns its path.
  public func configure(_ overrides: [String: String] = [:], listen: String? = nil) throws(StackFailure) -> String {
    let name = "meterd-\(try TestRun.current.path(for: "c").split(separator: "/").last ?? "").yaml"
    return try folder.write(settings(overrides, listen: listen).yaml, to: name)
  }

  // Daemons

  /// Starts `meterd run` on a free port and does not wait for it. `program` is another build of it.
  public func startDaemon(
    _ overrides: [String: String] = [:], environment: [String: String] = [:], program: String? = nil
  ) throws(StackFailure) -> Daemon {
    let address = if let chosen = overrides["http.listen"] { chosen } else { "127.0.0.1:\(try FreePort.take())" }
    let configuration = try configure(overrides, listen: address)
    let built = if let program { program } else { try programs.meterd }
    let daemon = try Daemon(
      built, configuration: configuration, address: address, environment: environment)
    running.withLock { $0.append(daemon.process) }
    return daemon
  }

  /// Starts several and waits until all are ready; they form one group.
  public func startDaemons(
    _ count: Int, _ overrides: [String: String] = [:], within limit: Duration = .patience
  ) throws(StackFailure) -> [Daemon] {
    var daemons: [Daemon] = []
    for _ in 0..<count { daemons.append(try startDaemon(overrides)) }
    let deadline = Deadline(within: limit)
    for daemon in daemons { try daemon.waitUntilReady(within: ContinuousClock.now.duration(to: deadline.end)) }
    return daemons
  }

  /// SIGKILL for every daemon of this stack that runs.
  public func killDaemons() throws(StackFailure) {
    let daemons = running.withLock { running in
      defer { running = [] }
      return running
    }
    for daemon in daemons where daemon.isRunning { _ = try daemon.kill9() }
  }

  // Subcommands

  /// Runs `meterd ARGUMENTS` to its end; with `configured` it gets `--config` and a file of this stack at the end.
  public func meterd(
    _ arguments: [String], configured: Bool = true, _ overrides: [String: String] = [:],
    environment: [String: String] = [:], within limit: Duration = .patience
  ) throws(StackFailure) -> Outcome {
    let config = configured ? ["--config", try configure(overrides)] : []
    return try run(try programs.meterd, arguments + config, environment, limit)
  }

  /// Runs `meterd-lab ARGUMENTS` to its end.
  public func lab(_ arguments: [String], within limit: Duration = .patience) throws(StackFailure) -> Outcome {
    try run(try programs.lab, arguments, [:], limit)
  }

  private func run(
    _ program: String, _ arguments: [String], _ environment: [String: String], _ limit: Duration
  ) throws(StackFailure) -> Outcome {
    let child = try ChildProcess(program, arguments, environment: environment, linesMax: 1_000_000)
    do throws(StackFailure) {
      let end = try child.waitForExit(within: limit)
      guard child.dropped == 0 else { throw child.failure("wrote more than is kept (\(child.dropped) lines too many)") }
      guard case .exited(let status) = end else { throw child.failure("was killed") }
      return Outcome(status: status, output: child.output, errors: child.errors)
    } catch {
      child.send(SIGKILL)
      throw error
    }
  }

  /// Applies a catalog that must be good.
  @discardableResult
  public func apply(_ catalog: String, _ overrides: [String: String] = [:]) throws(StackFailure) -> Outcome {
    let file = try folder.write(catalog, to: "catalog.yaml")
    let outcome = try meterd(["apply", file], overrides)
    guard outcome.status == 0 else {
      throw StackFailure(
        at: "meterd apply", "exited with \(outcome.status)", evidence: outcome.output + outcome.errors)
    }
    return outcome
  }

  /// Has the laboratory produce `count` seeded events; returns the file that holds a copy of each.
  public func load(
    _ count: Int, seed: Int = 1, topic: String? = nil, _ more: [String] = [], within limit: Duration = .patience
  ) throws(StackFailure) -> String {
    let topic = topic ?? topics.first ?? ""
    let copy = folder.path(of: "events-\(topic)-\(seed)-\(count).ndjson")
    let outcome = try lab(
      ["load", "--brokers", brokers, "--topic", topic, "--count", "\(count)", "--seed", "\(seed)", "--copy", copy]
        + more,
      within: limit)
    guard outcome.status == 0 else {
      throw StackFailure(
        at: "meterd-lab load", "exited with \(outcome.status)", evidence: outcome.output + outcome.errors)
    }
    return copy
  }

  /// Ends the daemons first, then the broker; the database stays until the test process ends.
  public func stop() {
    let daemons = running.withLock { running in
      defer { running = [] }
      return running
    }
    for daemon in daemons { daemon.send(SIGCONT) }
    for daemon in daemons { daemon.send(SIGTERM) }
    for daemon in daemons { _ = try? daemon.terminate(within: .seconds(40)) }
    _ = try? broker.terminate()
    database.close()
    folder.remove()
  }
}
