import Foundation
import Synchronization

/// A program under test, with what it wrote and how it ended.
///
/// It never outlives the test process: the kernel kills it when the test process dies, and the run's watchdog ends
/// what it may have started itself, known by a variable in its environment. It leads a process group, whose other
/// members are killed when it ends. Letting go of the value ends nothing.
public final class ChildProcess: Sendable, CustomStringConvertible {
  public enum End: Sendable, Equatable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  public let name: String
  public let pid: pid_t
  private let life: Life

  /// Starts `program`, found in PATH when it has no slash. `environment` is laid over the one of this process, or is
  /// all there is with `inheriting: false`. `deathSignal`, a name without SIG, is what the program gets when the test
  /// process dies. `input` is a pipe with a name, which it then never sees the end of.
  public init(
    _ program: String, _ arguments: [String] = [], named name: String? = nil, environment: [String: String] = [:],
    inheriting: Bool = true, in directory: String? = nil, as user: String? = nil, deathSignal: String = "KILL",
    input: String? = nil, linesMax: Int = 20_000
  ) throws(StackFailure) {
    let run = try TestRun.current
    let path = try ChildProcess.find(program)
    self.name = name ?? String(path.split(separator: "/").last ?? "")
    var command = [try ChildProcess.find("setpriv")]
    if let user { command += ["--reuid", user, "--regid", user, "--init-groups"] }
    command += [
      "--pdeathsig", deathSignal, "--", "/bin/sh", "-c", ChildProcess.trampoline, "sh", "\(getpid())",
      directory ?? (user == nil ? "." : "/"),
    ]

    let null = Descriptors.open(input ?? "/dev/null", input == nil ? O_RDONLY : O_RDWR)
    guard null >= 0, let output = Descriptors.pipe(), let error = Descriptors.pipe() else {
      throw StackFailure(at: self.name, "cannot make pipes (\(lastError()))", remedy: "raise 'ulimit -n'")
    }
    var variables = inheriting ? ProcessInfo.processInfo.environment : [:]
    variables.merge(environment) { $1 }
    variables[TestRun.mark] = run.folder
    let started = Spawner.shared.start(
      Spawner.Launch(
        arguments: command + [path] + arguments, environment: variables,
        descriptors: [(null, 0), (output.writing, 1), (error.writing, 2)]))
    for descriptor in [null, output.writing, error.writing] { close(descriptor) }
    switch started {
    case .success(let pid): self.pid = pid
    case .failure(let errno):
      close(output.reading)
      close(error.reading)
      throw StackFailure(at: self.name, "cannot start '\(path)' (\(errno.text))")
    }
    run.watch(pid, endingWith: deathSignal)
    life = Life(linesMax: linesMax)
    Thread.detachNewThread { [life, ends = (output.reading, error.reading)] in life.listen(to: ends.0, and: ends.1) }
    Thread.detachNewThread { [life, pid] in life.await(pid, in: run) }
  }

  /// Between the fork and the death signal being set the test process can die unnoticed. Then the parent is no longer
  /// the one that it was, and the program is not started.
  private static let trampoline = #"test "$PPID" = "$1" && cd -- "$2" || exit 125; shift 2; exec "$@""#

  static func find(_ program: String) throws(StackFailure) -> String {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let folders = "\(path):/usr/sbin:/sbin".split(separator: ":")
    let candidates = program.contains("/") ? [program] : folders.map { "\($0)/\(program)" }
    for candidate in candidates {
      let answer = unsafe access(candidate, X_OK)
      if answer == 0 { return candidate }
    }
    throw StackFailure(at: "child process", "there is no program '\(program)'", remedy: "build or install it")
  }

  // What it is doing

  public var description: String { "\(name)[\(pid)]" }
  public var end: End? { life.state.withLock { $0.end } }
  public var isRunning: Bool { end == nil }
  /// The lines still kept, of both streams, in the order in which they were read.
  public var lines: [OutputLine] { life.state.withLock { $0.log.lines } }
  /// Lines that were written and are no longer kept.
  public var dropped: Int { life.state.withLock { $0.log.dropped } }
  public var output: String { text(of: .output) }
  public var errors: String { text(of: .error) }

  private func text(of stream: OutputLine.Stream) -> String {
    lines.filter { $0.stream == stream }.map { $0.text + "\n" }.joined()
  }

  /// How it is and what it last wrote, for failure messages.
  public func dump(last count: Int = 60) -> String {
    life.state.withLock { state in
      let how =
        switch state.end {
        case nil: "runs"
        case .exited(let status): "exited with \(status)"
        case .killed(let signal): "was ended by signal \(signal)"
        }
      return "\(self) \(how); its lines:\(state.log.dump(last: count))"
    }
  }

  // What is done to it

  /// To the program alone, not to its group. Nothing happens when it has ended.
  public func send(_ signal: Int32) {
    life.state.withLock { if $0.end == nil { _ = kill(pid, signal) } }
  }

  @discardableResult
  public func waitForExit(within limit: Duration = .patience) throws(StackFailure) -> End {
    let deadline = Deadline(within: limit)
    while true {
      let late = deadline.hasPassed
      if let end = life.state.withLock({ $0.isDrained ? $0.end : nil }) { return end }
      if late { throw failure("did not end (\(limit.spoken))") }
      deadline.rest(.milliseconds(2))
    }
  }

  /// Asks it to end, and kills it when it does not within `limit`. Returns how it ended.
  @discardableResult
  public func terminate(within limit: Duration = .seconds(60)) throws(StackFailure) -> End {
    send(SIGTERM)
    if let end = try? waitForExit(within: limit) { return end }
    return try kill9()
  }

  @discardableResult
  public func kill9() throws(StackFailure) -> End {
    send(SIGKILL)
    return try waitForExit()
  }

  /// The first line from number `start` on that `matches`, waiting for it if need be. It fails as soon as the program
  /// has ended without such a line.
  @discardableResult
  public func waitForLine(
    _ what: String = "such a line", from start: Int = 0, within limit: Duration = .patience,
    where matches: (OutputLine) -> Bool
  ) throws(StackFailure) -> OutputLine {
    let deadline = Deadline(within: limit)
    var next = start
    while true {
      let late = deadline.hasPassed
      let (fresh, over) = life.state.withLock { state in
        (Array(state.log.lines.drop { $0.number < next }), state.end != nil && state.isDrained)
      }
      for line in fresh where matches(line) { return line }
      next = fresh.last.map { $0.number + 1 } ?? next
      if over { throw failure("ended without \(what)") }
      if late { throw failure("did not write \(what) (\(limit.spoken))") }
      deadline.rest(.milliseconds(2))
    }
  }

  /// The first line that contains `part`.
  @discardableResult
  public func waitForLine(
    matching part: String, from start: Int = 0, within limit: Duration = .patience
  ) throws(StackFailure) -> OutputLine {
    try waitForLine("a line with '\(part)'", from: start, within: limit) { $0.text.contains(part) }
  }

  /// The first line in which `pattern` is found.
  @discardableResult
  public func waitForLine<Found>(
    matching pattern: Regex<Found>, from start: Int = 0, within limit: Duration = .patience
  ) throws(StackFailure) -> OutputLine {
    try waitForLine("a line of the pattern", from: start, within: limit) {
      (try? pattern.firstMatch(in: $0.text)) != nil
    }
  }

  /// One past the newest line, to wait for what comes after now.
  public var nextLine: Int { life.state.withLock { $0.log.dropped + $0.log.lines.count } }

  public func failure(_ problem: String, remedy: String = "") -> StackFailure {
    StackFailure(at: description, problem, remedy: remedy, evidence: dump())
  }
}
