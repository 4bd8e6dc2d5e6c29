import TestDice

@testable import ProtocolModel

extension Rulebook {
  /// A random step. Faults are rarer than their share among the steps, or nothing would ever come to an end.
  func stroll(from state: State, _ dice: inout Dice) -> Step {
    let steps = steps(in: state)
    while true {
      let step = dice.pick(steps)
      switch step {
      case .dismiss, .revoke, .lose, .crash, .crashLate: if dice.once(in: 12) || steps.count == 1 { return step }
      case .fail, .failAfter, .cut, .cutAfter, .cutLate: if dice.once(in: 3) { return step }
      default: return step
      }
    }
  }
}
