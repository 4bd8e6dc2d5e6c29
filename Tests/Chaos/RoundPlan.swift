import TestDice

/// A round as it is meant to go: a function of the sitting's seed and the round's number.
///
/// When exactly a fault meets a daemon at what is the machine's to say, so a round that failed need not fail again; its log, its
/// settings and the order of its faults do come again.
struct RoundPlan: Sendable {
  struct Step: Sendable {
    /// Since the flow began, in milliseconds.
    let atMs: Int
    let kind: FaultKind
    /// The fault's own chance.
    let seed: UInt64
  }

  static let topic = "usage.events"

  /// Far below the 5 MB that the laboratory's broker keeps of a partition, as compressed.
  private static let recordsPerPartition = 30_000

  let seed: UInt64
  let round: Int
  let records: Int
  let partitions: Int
  let logSeed: UInt64
  let seconds: Int
  /// Daemons at the beginning, and at the most.
  let daemons: (first: Int, most: Int)
  /// What is told to every daemon of this round.
  let settings: [String: String]
  let steps: [Step]

  init(_ options: ChaosOptions, round: Int) {
    seed = options.seed
    self.round = round
    records = options.records
    seconds = options.seconds
    var dice = Dice(options.seed &* 1_000_003 &+ UInt64(round))
    // Drawn in any case, so that the rest of the plan is the same.
    let ownSeed = dice.next() >> 1
    let family = (round - 1) / options.alike
    var familyDice = Dice(options.seed &* 1_000_003 &+ UInt64(family * options.alike + 1))
    logSeed = options.alike == 1 ? ownSeed : familyDice.next() >> 1
    partitions = max(8, min(64, options.records / Self.recordsPerPartition))
    let first = options.daemons.lowerBound + dice.below(options.daemons.count)
    daemons = (first, options.daemons.upperBound)
    var settings = [
      "flush.interval": dice.pick(["50ms", "200ms", "200ms", "1s"]),
      "flush.max_rows": dice.pick(["300", "5000", "50000"]),
      "lanes": dice.pick(["1", "2", "4"]),
      "postgres.connections": dice.pick(["1", "2", "4"]),
      "memory.budget": dice.pick(["256MiB", "4GiB"]),
    ]
    if let debug = options.debug { settings["kafka.properties.debug"] = "\"\(debug)\"" }
    self.settings = settings
    steps = Self.steps(options, &dice)
  }

  /// Whole shares of each kind's weight, and chance for what is left over, so that many rounds together come out even.
  private static func steps(_ options: ChaosOptions, _ dice: inout Dice) -> [Step] {
    let kinds = options.kinds.filter { $0.hindrance == nil }
    let weight = kinds.reduce(0) { $0 + $1.weight }
    var steps: [Step] = []
    for kind in kinds {
      let share = options.faults * kind.weight
      let count = share / weight + (dice.below(weight) < share % weight ? 1 : 0)
      for _ in 0..<count {
        steps.append(Step(atMs: dice.below(options.seconds * 900), kind: kind, seed: dice.next()))
      }
    }
    return steps.sorted { $0.atMs < $1.atMs }
  }
}
