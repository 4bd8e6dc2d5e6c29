import Synchronization

/// A whole number that goes up and down.
public final class Gauge: Sendable {
  private let level = Atomic<Int64>(0)

  init() {}

  public var value: Int64 { level.load(ordering: .relaxed) }

  public func set(_ value: Int64) { level.store(value, ordering: .relaxed) }

  public func set(_ value: Int) { set(Int64(value)) }

  public func set(_ value: Bool) { set(value ? 1 as Int64 : 0) }

  /// `change` may be negative.
  public func add(_ change: Int64) { level.wrappingAdd(change, ordering: .relaxed) }

  public func add(_ change: Int = 1) { add(Int64(change)) }
}
