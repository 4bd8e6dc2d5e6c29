/// What a search has found.
public struct Outcome: Sendable {
  public var states: Int
  /// Steps to the state that is farthest away, by the shortest way.
  public var depth: Int
  /// The shortest way to a breach, or nil when all states were looked at and keep the laws.
  public var breach: Counterexample?
  /// From how many states the partition is left with nobody until the group happens to rebalance; and the nearest of them.
  public var stranded = 0
  public var nearestStranded: Counterexample?
}
