import Dispatch
import Synchronization

/// An answer that comes on another thread. For calls that return at once and tell their outcome to a closure.
public final class Awaited<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  /// Makes the call, and waits until it has answered.
  public static func answer(_ call: (@escaping @Sendable (Value) -> Void) -> Void) -> Value {
    let awaited = Awaited()
    call { awaited.put($0) }
    awaited.isThere.wait()
    return awaited.value.withLock { $0! }
  }

  private init() {}

  private func put(_ value: Value) {
    self.value.withLock { $0 = value }
    isThere.signal()
  }
}
