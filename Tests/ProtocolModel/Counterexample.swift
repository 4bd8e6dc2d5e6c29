/// The shortest way to a breach of a law, in words.
public struct Counterexample: Sendable {
  public let law: Law
  public let steps: [String]
  /// What is wrong with the tables, if anything is.
  public let damage: String

  public var words: String {
    "\(steps.joined(separator: "; ")) => \(law.rawValue)" + (damage.isEmpty ? "" : ": \(damage)")
  }

  /// `path` names at each state the number of the step that was taken, in the order of the rulebook.
  init(_ book: Rulebook, _ path: [Int], law: Law) {
    self.law = law
    var state = State()
    _ = state.settle()
    var narrator = Narrator(book)
    var steps: [String] = []
    for ordinal in path {
      let step = book.steps(in: state)[ordinal]
      var next = book.take(step, in: state).state
      steps.append(narrator.words(step, state, next))
      if next.settle() { narrator.swapNames() }
      state = next
    }
    self.steps = steps
    damage = Self.damage(state.row, book)
  }

  private static func damage(_ row: Row, _ book: Rulebook) -> String {
    let (has, wanted) = (row.written, book.expected(in: row))
    var words: [String] = []
    for record in 0..<book.scope.end {
      for (name, hasBits, wantedBits) in [
        ("counted", has.counted, wanted.counted), ("a duplicate", has.duplicates, wanted.duplicates),
      ] {
        let (found, due) = (Counts.times(record, in: hasBits), Counts.times(record, in: wantedBits))
        if found != due { words.append("record \(record) is \(name) \(times(found)) instead of \(times(due))") }
      }
    }
    return words.joined(separator: ", ")
  }

  private static func times(_ number: UInt8) -> String {
    switch number {
    case 0: "never"
    case 1: "once"
    case 2: "twice"
    default: "many times"
    }
  }
}
