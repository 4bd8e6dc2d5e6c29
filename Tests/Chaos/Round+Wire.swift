import TestDice
import TestStack

/// Faults of the wire and of the clock.
extension Round {
  private enum Cut: CaseIterable {
    /// The answers of a while are lost: what was asked has happened.
    case swallowAnswers
    /// The questions of a while are lost.
    case swallowQuestions
    /// The connection ends in front of the answer to a commit.
    case beforeAnswer
    /// The connection ends in front of a flush, or a little way into it.
    case beforeQuestion, intoQuestion
    case atByte
    case now
    case half
    case delay
    case blackhole
    case refuse
  }

  private static let flush = "meterd.apply"
  /// Tags of what commits a flush.
  private static let tags = ["CALL\0", "COMMIT\0"]

  /// What happens to the bytes between one daemon and one service.
  func cut(_ dice: inout Dice) -> Bool {
    let serving = fleet.serving
    guard !serving.isEmpty else { return false }
    let member = dice.pick(serving)
    let isDatabase = !dice.once(in: 4)
    let way = isDatabase ? member.database : member.broker
    let cut = dice.pick(Cut.allCases + [.swallowAnswers] + Array(repeating: .beforeAnswer, count: 4))
    chronicle.note("the way of \(member) to \(isDatabase ? "PostgreSQL" : "Kafka"): \(cut)")
    let open = way.open
    switch cut {
    case .swallowAnswers, .swallowQuestions:
      way.stall(cut == .swallowAnswers ? .toClient : .toServer)
      rest(50 + dice.below(1_200))
      way.cutAll(isDatabase && dice.once(in: 2) ? .finish : .reset)
      way.release()
    case .beforeAnswer where isDatabase:
      return trap(Self.tags.map { way.on(.toClient, containing: $0, times: 1 + dice.below(3), do: .cut(.reset)) })
    case .beforeQuestion where isDatabase:
      return trap([way.on(.toServer, containing: Self.flush, times: 1 + dice.below(3), do: .cut(.reset))])
    case .intoQuestion where isDatabase:
      return trap([way.on(.toServer, containing: Self.flush, .afterForwarding, do: .cut(.finish))])
    case .atByte:
      let newest = way.accepted
      let direction: ByteProxy.Direction = dice.once(in: 2) ? .toServer : .toClient
      let soFar = way.traffic(of: newest)?[direction] ?? 0
      return trap([way.cut(.reset, connection: newest, after: soFar + dice.below(20_000), direction)])
    case .half:
      way.halfClose(isDatabase && dice.once(in: 2) ? .toServer : .toClient)
      rest(dice.below(1_000))
      way.cutAll()
    case .delay:
      way.delay(perChunk: .milliseconds(2 + dice.below(40)))
      rest(300 + dice.below(2_000))
      way.delay(perChunk: .zero)
    case .blackhole:
      way.stall()
      rest(500 + dice.below(3_000))
      if dice.once(in: 2) { way.cutAll() }
      way.release()
    case .refuse:
      way.refuseNew()
      way.cutAll()
      rest(200 + dice.below(2_000))
      _ = try? eventually("the way is open again", within: .seconds(10)) {
        try way.acceptNew()
      } until: {
        true
      }
    default:
      way.cutAll(isDatabase && dice.once(in: 2) ? .finish : .reset)
    }
    return open > 0
  }

  /// Waits for one of the traps to be hit, and takes all of them away.
  private func trap(_ traps: [ByteProxy.Trap]) -> Bool {
    var isHit = false
    for _ in 0..<60 {
      rest(50)
      isHit = traps.contains { $0.hits > 0 }
      if isHit { break }
    }
    // A second answer may be cut as well.
    if isHit { rest(300) }
    for trap in traps { trap.disarm() }
    return isHit
  }

  /// By a second or by weeks, forward or back. The log is of months before, so that no verdict rests on the present.
  func stepClock(_ dice: inout Dice) throws -> Bool {
    let serving = fleet.serving.filter { $0.clock != nil }
    guard !serving.isEmpty else { return false }
    let member = dice.pick(serving)
    guard let clock = member.clock else { return false }
    let step = dice.pick([1, -1, 30, -30, 600, -600, 7_200, -7_200, 3_500_000, -2_500_000] as [Int64])
    // Steps add up, within the bounds of the largest.
    let offset = min(3_500_000, max(-2_500_000, clock.offset + step))
    let before = clock.offset
    try clock.set(offset)
    chronicle.note("the clock of \(member) steps by \(offset - before) s")
    return offset != before
  }
}
