/// What a sitting is asked to do.
public struct ChaosOptions: Sendable, Equatable {
  public var rounds = 1
  public var seed: UInt64 = 1
  /// The number of the first round, so that a later sitting goes on where one ended.
  public var from = 1
  public var kinds = FaultKind.allCases
  public var daemons = 1...4
  /// Records of a round; a batch among them is several events.
  public var records = 500_000
  /// For how long a round's records flow while faults are injected.
  public var seconds = 60
  /// Faults of a round, over all kinds.
  public var faults = 24
  /// So many rounds, one after the other, have one log: making the recount of it costs as much as all the counting.
  public var alike = 1
  /// Where a line for each round is added.
  public var results: String?
  /// Whether what happens is told as it happens.
  public var tells = false
  /// Whether the evidence of every round is kept, and not only that of unsound ones.
  public var keeps = false
  /// What librdkafka tells of itself in the daemons' logs, such as `cgrp`.
  public var debug: String?
  /// Where the log of a round is written instead of running it, for `meterd-lab oracle` and `meterd-lab load --from`.
  public var log: String?
  /// A file of results that is summed up instead of running anything.
  public var sum: String?

  public init() {}

  /// Nil when the words are not understood.
  public init?(_ words: [String]) {
    var words = words[...]
    while let word = words.popFirst() {
      if word == "--tell" || word == "--keep" {
        if word == "--tell" { tells = true } else { keeps = true }
        continue
      }
      guard let value = words.popFirst() else { return nil }
      switch word {
      case "--fault":
        let kinds = value.split(separator: ",").map { FaultKind(rawValue: String($0)) }
        guard !kinds.isEmpty, kinds.allSatisfy({ $0 != nil }) else { return nil }
        self.kinds = FaultKind.allCases.filter { kinds.contains($0) }
      case "--daemons":
        let ends = value.split(separator: ".").compactMap { Int($0) }
        guard let low = ends.first, let high = ends.last, ends.count <= 2, 1 <= low, low <= high, high <= 4 else {
          return nil
        }
        daemons = low...high
      case "--results": results = value
      case "--debug": debug = value
      case "--log": log = value
      case "--sum": sum = value
      default:
        guard let number = Int(value), number > 0, number <= 1 << 40 else { return nil }
        switch word {
        case "--rounds": rounds = number
        case "--seed": seed = UInt64(number)
        case "--from": from = number
        case "--events": records = number
        case "--seconds": seconds = number
        case "--faults": faults = number
        case "--alike": alike = number
        default: return nil
        }
      }
    }
  }
}
