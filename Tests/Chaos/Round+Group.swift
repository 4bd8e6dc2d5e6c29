import Foundation
import TestDice
import TestStack

/// Faults of the group: daemons that die, stall, come and go.
extension Round {
  private static let takeoverLimit: Duration = .seconds(45)

  /// In most kills the way to PostgreSQL is held before, and what was held arrives after another has the partitions.
  func kill(_ dice: inout Dice, _ database: Database) throws -> Bool {
    let serving = fleet.serving
    guard !serving.isEmpty else {
      try fleet.start()
      return false
    }
    let victim = dice.pick(serving)
    let style = dice.pick([0, 1, 1, 1, 2])
    if style == 1 { holdFlush(of: victim) }
    if style == 2 {
      victim.database.stall(.toClient)
      rest(50 + dice.below(400))
    }
    guard victim.leave() else { return false }
    victim.scrape()
    let had = try? owned(by: victim, database)
    _ = try victim.daemon.kill9()
    chronicle.note("\(victim) is killed, with \(had ?? 0) partitions")
    rest(dice.below(1_500))
    let next = try fleet.start(instance: dice.once(in: 2) ? victim.instance : nil)
    if style == 1 { _ = try? awaitTakeover(from: victim, database) }
    victim.database.release()
    chronicle.note("what \(victim) had sent is let go; \(next) has taken its place")
    return true
  }

  /// Longer than the group waits. In most stops a flush is on its way when it begins: it arrives after the others have flushed,
  /// before or after its daemon lives again.
  func stop(_ dice: inout Dice, _ database: Database) throws -> Bool {
    if fleet.serving.count < 2 { try fleet.start() }
    guard let sleeper = try? awaitOwner(&dice, database) else { return false }
    let style = dice.pick([0, 1, 1, 2, 2])
    if style > 0 { holdFlush(of: sleeper) }
    sleeper.pause()
    let had = (try? owned(by: sleeper, database)) ?? 0
    chronicle.note("\(sleeper) stands still, with \(had) partitions")
    let isTaken = (try? awaitTakeover(from: sleeper, database)) != nil
    rest(dice.below(1_000))
    if style == 1 {
      sleeper.database.release()
      rest(300)
    }
    sleeper.goOn()
    chronicle.note("\(sleeper) goes on\(isTaken ? ", and others have its partitions" : "")")
    if style == 2 {
      rest(dice.below(300))
      sleeper.database.release()
    }
    rest(1_000)
    sleeper.scrape()
    return isTaken && had > 0
  }

  /// Holds what goes to PostgreSQL, at best when a flush is among it. A question for windows that are not in memory may stand before
  /// the flush; then the way is opened for a moment and held again.
  private func holdFlush(of member: Member) {
    member.database.stall(.toServer)
    for _ in 0..<8 {
      for _ in 0..<8 {
        rest(40)
        if member.database.holds("meterd.apply", .toServer) { return }
      }
      member.database.release()
      rest(20)
      member.database.stall(.toServer)
    }
  }

  /// One comes, or one goes.
  func rebalance(_ dice: inout Dice, _ database: Database) throws -> Bool {
    let serving = fleet.serving
    let leaves = serving.count >= plan.daemons.most || serving.count > 1 && dice.once(in: 2)
    if leaves, let leaver = serving.isEmpty ? nil : dice.pick(serving), leaver.leave() {
      // Before that it knows nothing of signals, and ends by this one.
      _ = try? eventually("\(leaver) having started", within: .seconds(20)) { leaver.hasStarted }
      rest(50)
      leaver.scrape()
      leaver.daemon.process.send(SIGTERM)
      chronicle.note("\(leaver) is asked to leave")
      if serving.count == 1 { try fleet.start() }
      fleet.awaitEnd(of: leaver)
      return true
    }
    let comer = try fleet.start()
    let has = try? eventually("partitions of \(comer)", within: .seconds(25), every: .milliseconds(50)) {
      try owned(by: comer, database)
    } until: {
      $0 > 0
    }
    return has != nil
  }

  private func owned(by member: Member, _ database: Database) throws -> Int {
    try owners(database).filter { $0.key.hasSuffix(member.ownerEnding) }.values.reduce(0, +)
  }

  /// One that has partitions while others are there to take them.
  private func awaitOwner(_ dice: inout Dice, _ database: Database) throws -> Member {
    let candidates = try eventually("a daemon with partitions", within: .seconds(25), every: .milliseconds(100)) {
      let owners = try owners(database)
      let serving = fleet.serving
      if serving.count < 2 { return [Member]() }
      return serving.filter { member in owners.keys.contains { $0.hasSuffix(member.ownerEnding) } }
    } until: {
      !$0.isEmpty
    }
    return dice.pick(candidates)
  }

  /// Returns when others have claimed everything that it had, and have committed some of it.
  private func awaitTakeover(from member: Member, _ database: Database) throws {
    let ids = try eventually("what \(member) has", within: .seconds(10)) {
      try database.query(
        "select id from meterd.partition where owner like '%' || $1", [member.ownerEnding]
      ).compactMap(\.first).compactMap { $0 }
    } until: { _ in
      true
    }
    if ids.isEmpty { return }
    try eventually("others with the partitions of \(member)", within: Self.takeoverLimit, every: .milliseconds(50)) {
      let counts = try database.query(
        """
        select count(*) filter (where owner like '%' || $1), count(*) filter (where owner not like '%' || $1 and last_flush > 0)
        from meterd.partition where id = any (string_to_array($2, ',')::integer[])
        """, [member.ownerEnding, ids.joined(separator: ",")])
      return counts[0][0] == "0" && counts[0][1] != "0"
    }
  }
}
