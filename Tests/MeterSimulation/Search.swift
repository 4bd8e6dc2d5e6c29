/// Goes through seeds, one after the other, and shares each script among those that have it.
public struct Search {
  public let records: Int
  private var script: (number: UInt64, script: Script, state: UInt64?)?

  public init(records: Int) { self.records = records }

  /// Runs one seed. A world that ends otherwise than another one over the same script is a breach, too.
  public mutating func run(
    _ seed: UInt64, planted: PlantedBug? = nil, hasReplays: Bool = false, narrator: ((String) -> Void)? = nil
  ) throws -> Experiment {
    let number = seed / Experiment.seedsToAScript
    if script?.number != number {
      script = (number, try Experiment.script(of: seed, records: records), nil)
    }
    guard let (_, shared, known) = script else { preconditionFailure("the script was just made") }
    var experiment = Experiment(
      seed: seed, script: shared, planted: planted, hasReplays: hasReplays, narrator: narrator)
    if experiment.flaw == nil {
      // With replays there is more in the tables.
      if let known, known != experiment.state, !hasReplays { experiment.differ() }
      if planted == nil, !hasReplays { script?.state = experiment.state }
    }
    return experiment
  }

  /// The script of the seed that ran last.
  public var shared: Script? { script?.script }
}
