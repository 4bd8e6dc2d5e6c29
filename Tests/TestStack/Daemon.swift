import Foundation

/// One `meterd run`, with its own configuration file and its own address for HTTP.
public final class Daemon: Sendable, CustomStringConvertible {
  public let process: ChildProcess
  /// `HOST:PORT`.
  public let address: String
  public let configuration: String

  init(_ program: String, configuration: String, address: String, environment: [String: String]) throws(StackFailure) {
    self.configuration = configuration
    self.address = address
    process = try ChildProcess(
      program, ["run", "--config", configuration], named: "meterd", environment: environment)
  }

  public var description: String { "\(process) at \(address)" }

  public func get(_ path: String, within limit: Duration = .patience) throws(StackFailure) -> HTTPAnswer {
    try HTTPAnswer.ask("GET", path, of: address, within: limit)
  }

  public func post(_ path: String, _ body: String, type: String = "application/json") throws(StackFailure) -> HTTPAnswer
  {
    try HTTPAnswer.ask("POST", path, of: address, headers: ["Content-Type": type], body: body)
  }

  /// Waits for a 200 of `/readyz`, and fails as soon as the daemon has ended.
  @discardableResult
  public func waitUntilReady(within limit: Duration = .patience) throws(StackFailure) -> Daemon {
    try waitForReadiness(200, within: limit)
    return self
  }

  /// Waits for `/readyz` to answer with `status`.
  public func waitForReadiness(_ status: Int, within limit: Duration = .patience) throws(StackFailure) {
    let deadline = Deadline(within: limit)
    var seen = "no answer"
    while true {
      let late = deadline.hasPassed
      do throws(StackFailure) {
        let answer = try get("/readyz", within: .seconds(2))
        if answer.status == status { return }
        seen = "\(answer.status) \(answer.body)"
      } catch {
        seen = error.problem
      }
      if !process.isRunning { throw process.failure("ended before /readyz was \(status) (\(seen))") }
      if late { throw process.failure("/readyz was not \(status) (\(seen); \(limit.spoken))") }
      deadline.rest(.milliseconds(20))
    }
  }

  /// SIGTERM, and how it ended.
  @discardableResult
  public func stop(within limit: Duration = .patience) throws(StackFailure) -> ChildProcess.End {
    process.send(SIGTERM)
    return try process.waitForExit(within: limit)
  }

  @discardableResult
  public func kill9() throws(StackFailure) -> ChildProcess.End { try process.kill9() }
  public func pause() { process.send(SIGSTOP) }
  public func goOn() { process.send(SIGCONT) }
  public func reload() { process.send(SIGHUP) }
}
