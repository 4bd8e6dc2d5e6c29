/// How often what happened in a world, to see that worlds are lively.
public struct Incidents: Sendable, Equatable {
  public var flushes = 0
  /// Flushes that were refused because somebody else had claimed the partition.
  public var fences = 0
  /// Flushes of which nobody knew whether they were in.
  public var doubts = 0
  /// Flushes that the server came to after their sender had given them up.
  public var lateLandings = 0
  public var restores = 0
  public var loads = 0
  public var moves = 0
  public var crashes = 0
  public var halts = 0
  /// Quarantined events that were counted again, those again after a crash included.
  public var replays = 0
  /// Records that were counted, those counted again after a crash included.
  public var counted = 0

  public static func += (a: inout Incidents, b: Incidents) {
    a.flushes += b.flushes
    a.fences += b.fences
    a.doubts += b.doubts
    a.lateLandings += b.lateLandings
    a.restores += b.restores
    a.loads += b.loads
    a.moves += b.moves
    a.crashes += b.crashes
    a.halts += b.halts
    a.replays += b.replays
    a.counted += b.counted
  }

  public init() {}

  public var words: String {
    "\(counted) records, \(flushes) flushes, \(doubts) doubts, \(lateLandings) late, \(fences) fences, \(restores) restores, "
      + "\(loads) loads, \(moves) moves, \(crashes) crashes, \(halts) halts, \(replays) replays"
  }

  /// What never happened.
  public var missing: [String] {
    let all: KeyValuePairs = [
      "flush": flushes, "fence": fences, "doubt": doubts, "late landing": lateLandings, "restore": restores,
      "load": loads, "move": moves, "crash": crashes, "halt": halts,
    ]
    return all.filter { $0.value == 0 }.map(\.key)
  }
}
