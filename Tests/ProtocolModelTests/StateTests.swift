import TestDice
import Testing

@testable import ProtocolModel

@Suite struct StateTests {
  private func size<Value>(_ value: Value) -> Int { MemoryLayout<Value>.size }

  private func bytes(_ value: Any) -> Int {
    let parts = Mirror(reflecting: value).children
    return parts.isEmpty ? size(value) : parts.reduce(0) { $0 + bytes($1.value) }
  }

  @Test func `a state is made of bytes without gaps, so that equal bytes are equal states`() {
    #expect(bytes(State()) == MemoryLayout<State>.size)
    #expect(bytes(LateStatement()) == MemoryLayout<LateStatement>.size)
    #expect(bytes(Member()) == MemoryLayout<Member>.stride)
  }

  @Test(arguments: [false, true]) func `it does not matter which daemon is which`(_ isLiteral: Bool) {
    let book = Model(Scope(events: [0, 1, 0], lateMax: 2, isLiteral: isLiteral)).book()
    var dice = Dice(7)
    var seen: Set<State> = []
    for _ in 0..<40 {
      var state = State()
      for _ in 0..<60 {
        state = book.take(book.stroll(from: state, &dice), in: state).state
        var (one, other) = (state, state.twin)
        _ = one.settle()
        _ = other.settle()
        #expect(one == other)
        seen.insert(one)
      }
    }
    #expect(seen.count > 500)
  }
}
