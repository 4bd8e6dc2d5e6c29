/// One seed, run: a world over a script.
public struct Experiment: Sendable {
  /// This many seeds in a row share their logs, because recounting these is what costs.
  public static let seedsToAScript: UInt64 = 16

  public let seed: UInt64
  /// What law was broken, if one was.
  public private(set) var flaw: String?
  /// Of the final tables; all seeds of one script have the same.
  public let state: UInt64
  /// Of everything that happened.
  public let trace: UInt64
  public let incidents: Incidents
  /// The final tables without what may differ between two ways to the same end.
  public let tables: [UInt8]

  public static func script(of seed: UInt64, records: Int) throws -> Script {
    try Script(seed: seed / seedsToAScript + 1, records: records)
  }

  public init(
    seed: UInt64, script: Script, planted: PlantedBug? = nil, hasReplays: Bool = false,
    narrator: ((String) -> Void)? = nil
  ) {
    let world = World(script, seed: seed, planted: planted, hasReplays: hasReplays || planted?.needsReplays == true)
    world.narrator = narrator
    // In the middle of the run the recount has to be made anew for the records so far, which is dear.
    if seed % (4 * Self.seedsToAScript) == 0 { world.prefixCheckAt = world.dice.below(40) }
    world.run()
    self.seed = seed
    flaw = world.flaw
    tables = world.flaw == nil ? world.tables.state : []
    var digest = Digest()
    digest.mix(tables)
    state = digest.value
    trace = world.trace.value
    incidents = world.incidents
  }

  /// Another way through the same records has ended otherwise.
  mutating func differ() {
    flaw = "the final tables differ from those of another seed with the same logs"
  }
}
