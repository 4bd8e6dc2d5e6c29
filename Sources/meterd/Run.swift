import Dispatch
import Glibc
import MeterConfig
import MeterModel
import MeterRuntime
import MeterTelemetry
import Synchronization

enum Run {
  /// Ends with the process: the signals' queue calls exit.
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let path = try arguments.configurationPath()
    let settings = try Settings.load(file: path)
    let log = Log(level: LogLevel(settings.log.level), format: LogFormat(settings.log.format))
    let daemon = try Daemon(settings, log: log)
    let signals = Signals(daemon: daemon, path: path, log: log)
    // A source that is let go falls silent; these live as long as the process.
    let sources = signals.listen()
    try daemon.start { complaint in
      log.drain()
      complain(complaint)
      _exit(complaint.status.rawValue)
    }
    withExtendedLifetime(sources) { dispatchMain() }
  }
}

/// Turns signals into calls, off the signal handlers.
private final class Signals: Sendable {
  private let daemon: Daemon
  private let path: String
  private let log: Log
  private let queue = DispatchQueue(label: "meterd.signals")
  private let stopping = DispatchQueue(label: "meterd.stop")
  private let isStopping = Atomic<Bool>(false)

  init(daemon: Daemon, path: String, log: Log) {
    self.daemon = daemon
    self.path = path
    self.log = log
  }

  func listen() -> [any DispatchSourceSignal] {
    _ = signal(SIGPIPE, SIG_IGN)
    return [SIGTERM, SIGINT, SIGHUP].map { number in
      // The default action would end the process before the source hears of it.
      _ = signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        if number == SIGHUP { reload() } else { stop() }
      }
      source.resume()
      return source
    }
  }

  private func stop() {
    // A second signal: everything that counts is in PostgreSQL already, the next start resumes.
    if isStopping.exchange(true, ordering: .relaxed) { _exit(ExitStatus.done.rawValue) }
    stopping.async { [self] in
      daemon.stop()
      // Not exit: libraries would tear down what their own threads still use.
      _exit(ExitStatus.done.rawValue)
    }
  }

  private func reload() {
    do throws(Complaint) {
      daemon.reload(try Settings.load(file: path))
    } catch {
      log.error("the configuration was not re-read", ["detail": .string(error.description)])
    }
  }
}
