import Foundation
import Synchronization

/// A program on a thread of its own. Signals go to that thread alone, so that they end the program and not the tests.
final class ProgramThread: Sendable {
  private struct State {
    var thread: pthread_t?
    var status: Int32?
  }

  private let state = Mutex(State())
  private let started = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  init(_ run: @escaping @Sendable () throws -> Int32) {
    Thread { [self] in
      state.withLock { $0.thread = pthread_self() }
      started.signal()
      let status = try? run()
      state.withLock { $0.status = status }
      ended.signal()
    }.start()
    started.wait()
  }

  func signal(_ number: Int32) {
    state.withLock { if let thread = $0.thread { _ = pthread_kill(thread, number) } }
  }

  /// Nil when it did not end in time, or ended with an error.
  func status(within seconds: Double) -> Int32? {
    _ = ended.wait(timeout: .now() + seconds)
    return state.withLock { $0.status }
  }
}
