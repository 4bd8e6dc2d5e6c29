import Foundation
import Synchronization

extension ChildProcess {
  /// What the two threads of a child know: one reads its pipes, the other waits for its end.
  final class Life: Sendable {
    struct State: Sendable {
      var log: LineLog
      var end: End?
      var isDrained = false
    }

    let state: Mutex<State>

    init(linesMax: Int) {
      state = Mutex(State(log: LineLog(linesMax: linesMax)))
    }

    /// Reads until both pipes are at their end, and owns them.
    func listen(to output: Int32, and error: Int32) {
      let streams: [OutputLine.Stream] = [.output, .error]
      var polled = [output, error].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var closesAt: ContinuousClock.Instant?
      while polled.contains(where: { $0.fd >= 0 }) {
        // Somebody outside of the group may hold a pipe open after the end. What it writes later concerns nobody.
        if closesAt == nil, state.withLock({ $0.end != nil }) { closesAt = .now + .milliseconds(500) }
        if let closesAt, .now > closesAt { break }
        let ready = unsafe poll(&polled, nfds_t(polled.count), closesAt == nil ? 100 : 10)
        if ready <= 0 { continue }
        for (index, stream) in streams.enumerated() where polled[index].fd >= 0 && polled[index].revents != 0 {
          let count = unsafe read(polled[index].fd, &buffer, buffer.count)
          if count > 0 {
            state.withLock { $0.log.append(buffer[..<count], from: stream) }
          } else if count == 0 || errno != EINTR {
            polled[index].fd = -1
            state.withLock { $0.log.finish(stream) }
          }
        }
      }
      close(output)
      close(error)
      state.withLock { state in
        for stream in streams { state.log.finish(stream) }
        state.isDrained = true
      }
    }

    func await(_ pid: pid_t, in run: TestRun) {
      var ignored = unsafe siginfo_t()
      while unsafe waitid(P_PID, id_t(pid), &ignored, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
      // The zombie keeps the number for us: its group is killed and the watchdog told before anybody can get it.
      kill(-pid, SIGKILL)
      run.forget(pid)
      state.withLock { state in
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        state.end = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
      }
    }
  }
}
