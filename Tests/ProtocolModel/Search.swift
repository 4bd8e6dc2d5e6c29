/// All states that can be reached, breadth first, so that the first breach of a law is one of the shortest.
struct Search {
  private let book: Rulebook
  private let isBreach: (Law) -> Bool
  private var table = StateTable()
  /// How a state was first reached: from which, and by which of its steps.
  private var parents: [UInt32] = [0]
  private var ordinals: [UInt8] = [0]
  /// Where each state's ways begin in `ways`. A way is a step that is no fault; its top bit says that the group did it.
  private var wayStarts: [UInt32] = []
  private var ways: [UInt32] = []
  private static let regroupBit: UInt32 = 1 << 31

  init(_ book: Rulebook, until isBreach: @escaping (Law) -> Bool) {
    self.book = book
    self.isBreach = isBreach
  }

  mutating func run() -> Outcome {
    var start = State()
    _ = start.settle()
    _ = table.insert(start)
    var place = 0
    var depth = 0
    var levelEnd = 1
    while place < table.states.count {
      if place == levelEnd { (depth, levelEnd) = (depth + 1, table.states.count) }
      if let breach = expand(place) { return Outcome(states: table.states.count, depth: depth + 1, breach: breach) }
      place += 1
    }
    var outcome = Outcome(states: table.states.count, depth: depth)
    judgeLife(&outcome)
    return outcome
  }

  private mutating func expand(_ place: Int) -> Counterexample? {
    let state = table.states[place]
    wayStarts.append(UInt32(ways.count))
    for (ordinal, step) in book.steps(in: state).enumerated() {
      var (next, breach) = book.take(step, in: state)
      if let breach, isBreach(breach) { return Counterexample(book, path(to: place) + [ordinal], law: breach) }
      _ = next.settle()
      let (found, isNew) = table.insert(next)
      if isNew {
        parents.append(UInt32(place))
        ordinals.append(UInt8(ordinal))
      }
      if !step.isFault, found != place { ways.append(UInt32(found) | (step.isRegroup ? Self.regroupBit : 0)) }
    }
    return nil
  }

  private func path(to place: Int) -> [Int] {
    var path: [Int] = []
    var place = place
    while place != 0 {
      path.append(Int(ordinals[place]))
      place = Int(parents[place])
    }
    return path.reversed()
  }

  /// Whether from every state the end can be reached although nothing fails any more, and nothing that is late arrives.
  private func judgeLife(_ outcome: inout Outcome) {
    let alive = reaching(withRegroup: true)
    if isBreach(.live), let dead = alive.firstIndex(of: false) {
      outcome.breach = Counterexample(book, path(to: dead), law: .live)
      return
    }
    let unaided = reaching(withRegroup: false)
    outcome.stranded = unaided.count { !$0 }
    outcome.nearestStranded = unaided.firstIndex(of: false).map { Counterexample(book, path(to: $0), law: .unaided) }
  }

  private func reaching(withRegroup: Bool) -> [Bool] {
    var reaches = table.states.map { book.isComplete($0) }
    var isDone = false
    while !isDone {
      isDone = true
      // Ways lead to later states mostly, so that one pass backwards finds nearly all.
      for place in stride(from: reaches.count - 1, through: 0, by: -1) where !reaches[place] {
        let end = place + 1 < wayStarts.count ? Int(wayStarts[place + 1]) : ways.count
        for way in Int(wayStarts[place])..<end {
          let isRegroup = ways[way] & Self.regroupBit != 0
          guard withRegroup || !isRegroup, reaches[Int(ways[way] & ~Self.regroupBit)] else { continue }
          reaches[place] = true
          isDone = false
          break
        }
      }
    }
    return reaches
  }
}
