import Glibc
import Synchronization

/// Writes lines to a file descriptor that it does not own, each with a single write(2).
///
/// A log must never take the daemon down or hold it up: a full pipe is waited for a tenth of a second and after that
/// not at all until it takes bytes again, a closed one is given up silently. What could not be written is counted.
/// When only a part of a line went out, the next line starts on a fresh line, so a reader loses that one and no
/// other.
public final class LogDescriptor: LogSink {
  /// Long enough for a reader that is merely slow, short enough for a lane that logs.
  private static let patienceMs: Int32 = 100

  private struct State {
    var isTorn = false
    var isStalled = false
  }

  private let descriptor: Int32
  private let state = Mutex(State())
  private let lost = Atomic<Int64>(0)

  public static let standardError = LogDescriptor(2)

  /// A write to a pipe that nobody reads would end the process by SIGPIPE, so that signal is ignored from here on,
  /// unless the program has its own answer to it.
  public init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var present = sigaction()
    unsafe sigaction(SIGPIPE, nil, &present)
    if unsafe present.__sigaction_handler.sa_handler == nil { signal(SIGPIPE, SIG_IGN) }
  }

  /// Lines that could not be written, or not to their end.
  public var linesLost: Int64 { lost.load(ordering: .relaxed) }

  public func write(_ line: [UInt8]) {
    // One thread at a time: a line longer than a pipe's atomic write would otherwise mix with another's.
    state.withLock { state in
      let whole = state.isTorn ? [UInt8(ascii: "\n")] + line : line
      let written = writeAll(whole, &state)
      if written == whole.count {
        state = State()
      } else {
        state.isTorn = state.isTorn || written > 0
        lost.add(1, ordering: .relaxed)
      }
    }
  }

  private func writeAll(_ bytes: [UInt8], _ state: inout State) -> Int {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
      }
      if count > 0 {
        written += count
      } else if count < 0 && errno == EINTR {
        continue
      } else if count < 0 && errno == EAGAIN && !state.isStalled {
        state.isStalled = !waitUntilWritable()
        if state.isStalled { break }
      } else {
        break
      }
    }
    return written
  }

  private func waitUntilWritable() -> Bool {
    var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&wish, 1, Self.patienceMs) > 0
  }
}
