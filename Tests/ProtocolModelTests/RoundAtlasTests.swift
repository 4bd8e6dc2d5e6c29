import MeterCore
import MeterModel
import TestDice
import Testing

@testable import ProtocolModel

@Suite struct RoundAtlasTests {
  /// As the daemon has it, but for the bounds that end a batch.
  private static let bounds = PartitionRound.Bounds(
    flushInterval: .seconds(1), flushRows: 2, pendingBytes: RoundAtlas.fullBytes, retryFirst: .milliseconds(200),
    retryLast: .seconds(5))

  private func plain(_ actions: [PartitionRound.Action]) -> [PartitionRound.Action] {
    actions.map { if case .wake = $0 { .wake(after: .seconds(0)) } else { $0 } }
  }

  @Test func `along any path the atlas answers as the machine does with its real delays`() {
    let atlas = RoundAtlas(end: 3)
    var dice = Dice(11)
    var answers = 0
    var places: Set<UInt16> = []
    for seed in 0..<3_000 {
      var round = PartitionRound(bounds: Self.bounds, seed: UInt64(seed))
      var place: UInt16 = 0
      var now: Int64 = 5_000
      for _ in 0..<40 where round.phase != .gone {
        // Ticks come often enough for waits to end.
        let cause = dice.once(in: 4) ? Cause.tick : Cause(number: UInt8(dice.below(Cause.count)))
        if cause == .tick { now += 60_000_000_000 }
        let actions = round.step(cause.fact(end: 3), now: now)
        let move = atlas.move(place, cause)
        #expect(plain(actions) == plain(move.actions), "\(cause) in \(round)")
        place = move.next
        places.insert(place)
        if !actions.isEmpty { answers += 1 }
      }
      #expect((place == 0) == (round.phase == .gone || round.phase == .idle))
    }
    #expect(answers > 3_000)
    #expect(places.count > atlas.count / 2)
  }

  @Test func `no two states of the atlas answer alike for ever`() {
    let atlas = RoundAtlas(end: 3)
    #expect(atlas.count > 20 && atlas.count < 300)
    // Two that answer alike to every fact must lead to two that differ.
    var answers: [String: [UInt16]] = [:]
    for place in 0..<UInt16(atlas.count) {
      let causes = (0..<UInt8(Cause.count)).map { Cause(number: $0) }
      let words = causes.map { "\(atlas.move(place, $0).actions) \(atlas.move(place, $0).next)" }
      answers[words.joined(separator: "; "), default: []].append(place)
    }
    #expect(answers.values.allSatisfy { $0.count == 1 })
  }
}
