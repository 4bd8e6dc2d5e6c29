import Synchronization

/// A length or point of time in seconds, as a double: exact to a nanosecond for lengths, to a microsecond for points.
public final class SecondsGauge: Sendable {
  private let bits = Atomic<UInt64>((0.0).bitPattern)

  init() {}

  public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  public func set(_ seconds: Double) { bits.store(seconds.bitPattern, ordering: .relaxed) }
}
