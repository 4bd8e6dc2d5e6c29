import MeterCore
import MeterModel

/// The real machine of a partition, `PartitionRound`, as a finite automaton: each of its states has a number, and what it answers to
/// a fact is looked up. So the search runs the machine's own decisions and not a copy of them.
///
/// The whole automaton is made first, every state asked every fact, and then states are merged that no sequence of facts can tell
/// apart. A test walks the machine beside it, with the delays that it has in life.
struct RoundAtlas: Sendable {
  struct Move: Sendable {
    /// 0 also for a machine that is gone.
    var next: UInt16
    var actions: [PartitionRound.Action]
  }

  /// So many bytes pending end the reading.
  static let fullBytes = 8

  private let cursors: [Int64]
  private let moves: [[Move]]
  private let deafness: [Bool]

  /// `end` is where the log ends.
  init(end: UInt8) {
    let survey = RoundSurvey(end: end)
    let classes = Self.merge(survey.places.map(\.moves))
    // The first of each class stands for it.
    var places: [RoundSurvey.Place] = []
    for (index, number) in classes.enumerated() where Int(number) == places.count {
      places.append(survey.places[index])
    }
    let moves = places.map { place in
      place.moves.map { Move(next: classes[Int($0.next)], actions: $0.actions) }
    }
    self.moves = moves
    cursors = places.map(\.round.cursor)
    deafness = moves.indices.map { index in
      let tick = moves[index][Int(Cause.tick.number)]
      return Int(tick.next) == index && tick.actions.isEmpty
    }
  }

  var count: Int { moves.count }

  func move(_ from: UInt16, _ cause: Cause) -> Move { moves[Int(from)][Int(cause.number)] }

  /// Where reading begins.
  func cursor(_ number: UInt16) -> Int64 { cursors[Int(number)] }

  /// Whether a tick does nothing now.
  func isDeafToTicks(_ number: UInt16) -> Bool { deafness[Int(number)] }

  /// Two states are the same until a fact is found to which they answer differently, or which leads to states that differ.
  private static func merge(_ moves: [[Move]]) -> [UInt16] {
    var classes = number(moves.map { place in place.map { "\($0.actions)" } })
    var count = 0
    while count != classes.count {
      count = classes.count
      let refined = moves.indices.map { index in
        [classes.numbers[index]] + moves[index].map { classes.numbers[Int($0.next)] }
      }
      classes = number(refined)
    }
    return classes.numbers
  }

  /// Numbers equal traits alike, in the order in which they come, so that the first stays 0.
  private static func number<Trait: Hashable>(_ traits: [Trait]) -> (numbers: [UInt16], count: Int) {
    var known: [Trait: UInt16] = [:]
    let numbers = traits.map { trait in
      let number = known[trait] ?? UInt16(known.count)
      known[trait] = number
      return number
    }
    return (numbers, known.count)
  }
}
