import Foundation
import Synchronization

/// A thread with an outcome.
final class Worker<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  init(_ name: String, _ body: @escaping @Sendable () throws -> Value) {
    let thread = Thread { [self] in
      let result = Result { try body() }
      outcome.withLock { $0 = result }
      isDone.signal()
    }
    thread.name = name
    thread.start()
  }

  /// To be asked once.
  func join() throws -> Value {
    isDone.wait()
    guard let result = outcome.withLock({ $0 }) else { preconditionFailure("a worker that is done has an outcome") }
    return try result.get()
  }
}

func rest(_ ms: Int) { Thread.sleep(forTimeInterval: Double(ms) / 1_000) }
