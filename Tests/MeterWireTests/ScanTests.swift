import CScan
import TestDice
import Testing

/// The matcher with the processor's vectors and the one without, side by side: vectors see only the first and last bytes of a stride wrongly,
/// so literals and values are made to end at every place of one.
@Suite struct ScanTests {
  private struct Outcome: Equatable {
    var shape: Int32
    var slots: [[Int32]]
  }

  /// A chain of nodes, each with the one before it as an alternative that fails late.
  private struct Chain {
    var nodes: [cscan_node] = []
    var literals: [UInt8] = []

    mutating func add(_ literal: [UInt8], _ ending: Int) {
      let isLast = ending == CSCAN_END
      let at = Int32(nodes.count)
      for (number, text) in [spoiled(literal), literal].enumerated() {
        nodes.append(
          cscan_node(
            literal: Int32(literals.count), length: Int32(text.count), ending: Int32(ending), shape: isLast ? at : -1,
            first_follower: isLast ? -1 : at + 2, next: number == 0 ? at + 1 : -1))
        literals += text
      }
    }

    private func spoiled(_ literal: [UInt8]) -> [UInt8] {
      guard let last = literal.last else { return [0x7E] }
      return literal.dropLast() + [last ^ 1]
    }

    func outcome(_ text: [UInt8], plainly: Bool) -> Outcome {
      let room = [UInt8](repeating: 0x22, count: Int(CSCAN_READ_AHEAD))
      let (literals, bytes) = (literals + room, room + text + room)
      var slots = [cscan_slot](repeating: cscan_slot(start: -1, length: -1), count: nodes.count)
      let match = unsafe plainly ? cscan_match_plainly : cscan_match
      let shape = unsafe match(
        nodes, literals, bytes, Int64(room.count), Int64(room.count + text.count), &slots)
      return Outcome(shape: shape, slots: shape < 0 ? [] : slots.map { [$0.start, $0.length] })
    }
  }

  private static func text(_ dice: inout Dice, _ count: Int) -> [UInt8] {
    (0..<count).map { _ in dice.pick(Array("abc:,{ ~!#[]".utf8)) }
  }

  @Test func `literals and values of every length end where they end`() {
    var dice = Dice(7)
    for length in 0..<140 {
      var chain = Chain()
      let literals = [Self.text(&dice, length), Self.text(&dice, 1 + length % 67), Self.text(&dice, length % 5)]
      let values = [Self.text(&dice, (length * 7) % 131), Array("-12.5e3".utf8)]
      chain.add(literals[0], Int(CSCAN_STRING))
      chain.add([0x22] + literals[1], Int(CSCAN_BARE))
      chain.add([0x2C] + literals[2], Int(CSCAN_END))
      let text = literals[0] + values[0] + [0x22] + literals[1] + values[1] + [0x2C] + literals[2]
      let outcome = chain.outcome(text, plainly: false)
      #expect(outcome.shape == 4)
      #expect(outcome.slots[0][1] == Int32(values[0].count))
      #expect(outcome.slots[1][1] == Int32(values[1].count))
      #expect(outcome == chain.outcome(text, plainly: true))
    }
  }

  @Test func `with and without vectors the same texts are taken`() {
    var dice = Dice(11)
    var taken = 0
    for round in 0..<4_000 {
      var chain = Chain()
      var text: [UInt8] = []
      for _ in 0...dice.below(4) {
        let literal = Self.text(&dice, dice.below(80))
        let isString = dice.once(in: 2)
        chain.add(literal, Int(isString ? CSCAN_STRING : CSCAN_BARE))
        text += literal
        text +=
          isString
          ? Self.text(&dice, dice.below(90))
          : Array(dice.pick(["0", "-7", "1234567", "12345678", "true", "null", "false", "1.25", "01", "1e", "-"]).utf8)
        chain.add([isString ? 0x22 : 0x2C], Int(CSCAN_BARE))
        text += [isString ? 0x22 : 0x2C, 0x31]
      }
      chain.add([0x7D], Int(CSCAN_END))
      text += [0x7D]
      if !dice.once(in: 3), !text.isEmpty {
        text[dice.below(text.count)] = dice.pick([0x22, 0x5C, 0x7F, 0x1F, 0x80, 0xFF, 0x20, 0x61, 0x00])
      }
      let outcome = chain.outcome(text, plainly: false)
      #expect(outcome == chain.outcome(text, plainly: true), "round \(round)")
      if outcome.shape >= 0 { taken += 1 }
    }
    // Both kinds must come up, or nothing was compared.
    #expect(taken > 400 && taken < 3_600)
  }
}
