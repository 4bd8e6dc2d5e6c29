import MeterCore
import MeterModel

extension World {
  /// Some partitions move, in order or not.
  func rebalance() {
    guard !isQuiet else { return }
    timeline.add(.rebalance, at: around(temper.rebalanceMs))
    for log in script.logs.indices where !dice.once(in: 3) { move(log) }
  }

  private func move(_ log: Int) {
    guard heirs[log] == nil, let owner = owners[log], let heir = livingDaemon() else { return }
    incidents.moves += 1
    narrate("log \(log) moves from daemon \(owner.daemon) to \(heir)")
    if heir != owner.daemon, dice.below(100) < temper.overlaps {
      // The group gave the owner up; it hears of that later, or tries to let go in order.
      let isLost = dice.once(in: 2)
      timeline.add(.fact(owner, isLost ? .lost : .revoked), at: around(1_000))
      if !isLost { timeline.add(.fact(owner, .lost), at: now + milliseconds(20_000)) }
      assign(log, to: heir)
    } else {
      heirs[log] = heir
      // From here on the reader ends; what it handed over is still counted.
      owner.isLeaving = true
      owner.reader = nil
      timeline.add(.fact(owner, .revoked), at: now + Int64(dice.below(2)) * milliseconds(1 + dice.below(30)))
      timeline.add(.fact(owner, .lost), at: now + milliseconds(20_000))
    }
  }

  private func livingDaemon() -> Int? {
    let living = daemons.indices.filter { daemons[$0].isAlive }
    return living.isEmpty ? nil : dice.pick(living)
  }

  func assign(_ log: Int, to daemon: Int) {
    stays += 1
    trace.mix(UInt64(stays) << 8 | UInt64(daemon))
    let slot = Slot(
      log: log, daemon: daemon, stay: stays, round: PartitionRound(bounds: temper.bounds, seed: dice.next()))
    if planted == .tallyKeptOverTheStay, let last = daemons[daemon].slots[log] { slot.tally = last.tally.take() }
    daemons[daemon].slots[log]?.isGone = true
    daemons[daemon].slots[log] = slot
    owners[log] = slot
    step(slot, .assigned)
  }

  /// The slot has let go, or was fenced.
  func released(_ slot: Slot) {
    slot.isGone = true
    slot.reader = nil
    if slot.owesHalt, !slot.isCutOff {
      return fail("log \(slot.log) goes on although it is halted, and nobody is told")
    }
    if planted != .tallyKeptOverTheStay, daemons[slot.daemon].slots[slot.log] === slot {
      daemons[slot.daemon].slots[slot.log] = nil
    }
    guard owners[slot.log] === slot else { return }
    owners[slot.log] = nil
    // Without an heir the group finds out only with the next rebalance.
    timeline.add(.adopt(log: slot.log), at: heirs[slot.log] == nil ? around(500) : now + milliseconds(dice.below(5)))
  }

  /// Somebody gets a partition that nobody has.
  func adopt(_ log: Int) {
    guard owners[log] == nil else { return }
    guard let daemon = heirs[log].flatMap({ daemons[$0].isAlive ? $0 : nil }) ?? livingDaemon() else {
      timeline.add(.adopt(log: log), at: around(500))
      return
    }
    heirs[log] = nil
    assign(log, to: daemon)
  }

  /// A process ends without a word. What it sent is on its way all the same.
  func crash() {
    guard !isQuiet else { return }
    timeline.add(.crash, at: around(temper.crashMs))
    guard let daemon = livingDaemon() else { return }
    incidents.crashes += 1
    narrate("daemon \(daemon) dies")
    trace.mix(0xDEAD + UInt64(daemon))
    daemons[daemon].isAlive = false
    timeline.add(.restart(daemon: daemon), at: around(500))
    for log in script.logs.indices {
      guard let slot = daemons[daemon].slots[log] else { continue }
      slot.isGone = true
      slot.reader = nil
      slot.tally = nil
      daemons[daemon].slots[log] = nil
      if owners[log] === slot {
        owners[log] = nil
        timeline.add(.adopt(log: log), at: around(dice.pick([1, 500])))
      }
    }
  }

  /// An operator lifts a halt, and the partition's owner begins anew.
  func resume(_ log: Int) {
    if tables.partitions[log].halted != nil { narrate("the halt of log \(log) is lifted") }
    tables.partitions[log].halted = nil
    guard let owner = owners[log], owner.round.phase == .halted else { return }
    heirs[log] = owner.daemon
    timeline.add(.fact(owner, .revoked), at: now)
    timeline.add(.fact(owner, .lost), at: now + milliseconds(20_000))
  }
}
