import Synchronization

/// A number that only grows. One atomic add, from any thread.
public final class Counter: Sendable {
  private let count = Atomic<Int64>(0)

  init() {}

  public var value: Int64 { count.load(ordering: .relaxed) }

  public func add(_ amount: Int64) {
    precondition(amount >= 0, "a counter never goes down")
    count.wrappingAdd(amount, ordering: .relaxed)
  }

  public func add(_ amount: Int = 1) { add(Int64(amount)) }
}
