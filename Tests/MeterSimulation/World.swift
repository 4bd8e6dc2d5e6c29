import MeterCore
import MeterModel
import MeterOracle
import MeterWire
import TestDice
import TestLogs

/// A broker, a ledger, a few daemons and a clock, all made of one seed, on one thread.
///
/// The daemons carry out what the real rounds ask for, with the real decoder and the real tallies, as the runtime's lanes do; between
/// them and the ledger calls are lost, late, slow and refused, and partitions move about. The world looks after every step whether
/// a law was broken, stops at the first breach, and else is driven to where every cursor stands at its log's end.
final class World {
  let script: Script
  let temper: Temper
  let planted: PlantedBug?
  /// Whether quarantined events are replayed, too.
  let hasReplays: Bool
  let rules: MeterRules
  var dice: Dice
  var timeline = Timeline()
  var now: Int64 = 0
  /// Nothing fails any more.
  var isQuiet = false

  var tables: Tables
  /// Records that a reader may see, by log.
  var visible: [Int]
  /// The group's committed offset, by log.
  var kafkaOffsets: [Int64?]
  var daemons: [Daemon]
  /// Who has the partition as the group sees it.
  var owners: [Slot?]
  /// Who gets it when the owner has let go.
  var heirs: [Int?]
  var stays = 0

  var decoder: Decoder
  var events = EventBatch()

  private(set) var flaw: String?
  var trace = Digest()
  var incidents = Incidents()
  /// Is told every step, for a person who looks into one seed.
  var narrator: ((String) -> Void)?
  /// Usage is compared with the recount in the middle of the run, too, once this many flushes are in.
  var prefixCheckAt: Int?

  init(_ script: Script, seed: UInt64, planted: PlantedBug?, hasReplays: Bool = false) {
    self.script = script
    self.planted = planted
    self.hasReplays = hasReplays
    rules =
      hasReplays ? MeterRules(meters: script.catalog.meters + [HeldRow.meter], seed: script.rules.seed) : script.rules
    var dice = Dice(seed ^ 0x5EED)
    temper = Temper(&dice, records: script.events)
    self.dice = dice
    let logs = script.logs.count
    tables = Tables(partitions: logs, planted: planted)
    visible = Array(repeating: 0, count: logs)
    kafkaOffsets = Array(repeating: nil, count: logs)
    daemons = Array(repeating: Daemon(slots: Array(repeating: nil, count: logs)), count: temper.daemons)
    owners = Array(repeating: nil, count: logs)
    heirs = Array(repeating: nil, count: logs)
    decoder = Decoder(eventBytesMax: HostileLog.eventBytesMax)
  }

  /// Runs to the end, or to the first breach of a law.
  func run() {
    for log in script.logs.indices {
      timeline.add(.grow(log: log), at: 0)
      timeline.add(.adopt(log: log), at: milliseconds(50))
    }
    for daemon in daemons.indices { timeline.add(.idle(daemon: daemon), at: milliseconds(2_000)) }
    if temper.rebalanceMs > 0 { timeline.add(.rebalance, at: around(temper.rebalanceMs)) }
    if temper.crashMs > 0 { timeline.add(.crash, at: around(temper.crashMs)) }
    if hasReplays { plantHeld() }
    while flaw == nil, !isDone {
      guard let (at, happening) = timeline.next() else { return fail("nothing happens any more") }
      now = at
      // Quiet, everything comes to its end within a few retries.
      if now > temper.quietNs + 600_000_000_000 { return fail("a cursor does not reach its log's end: \(standing)") }
      take(happening)
      if let violation = tables.violation { fail(violation) }
    }
    timeline.removeAll()
    if flaw == nil { compareInFull() }
  }

  private var isDone: Bool {
    isQuiet && script.logs.indices.allSatisfy { tables.partitions[$0].nextOffset == script.logs[$0].end }
      && isEveryReplayDone
  }

  private var standing: String {
    script.logs.indices.map { log in
      let phase = owners[log].map { "\($0.round.phase)" } ?? "no owner"
      return "\(tables.partitions[log].nextOffset ?? -1) of \(script.logs[log].end), \(phase)"
    }.joined(separator: "; ")
  }

  func fail(_ words: @autoclosure () -> String) {
    guard flaw == nil else { return }
    flaw = words()
    narrate("FLAW: \(flaw ?? "")")
  }

  func narrate(_ words: @autoclosure () -> String) {
    if let narrator { narrator("\(now / 1_000_000) ms: \(words())") }
  }

  func milliseconds(_ n: Int) -> Int64 { Int64(n) * 1_000_000 }

  /// From now on, between nothing and twice the mean.
  func around(_ meanMs: Int) -> Int64 { now + Int64(dice.below(max(1, meanMs) * 2_000_000)) }

  private func take(_ happening: Happening) {
    switch happening {
    case .grow(let log): grow(log)
    case .fetch(let slot): fetch(slot)
    case .deliver(let delivery): receive(delivery)
    case .serve(let call): serve(call)
    case .answer(let call): answer(call)
    case .fact(let slot, let fact): step(slot, fact)
    case .idle(let daemon):
      for slot in daemons[daemon].slots { if let slot { step(slot, .idle) } }
      timeline.add(.idle(daemon: daemon), at: now + milliseconds(2_000))
    case .rebalance: rebalance()
    case .crash: crash()
    case .restart(let daemon): daemons[daemon].isAlive = true
    case .adopt(let log): adopt(log)
    case .resume(let log): resume(log)
    case .wantReplay(let log, let row): wantReplay(log, row)
    case .lookForReplays(let daemon): lookForReplays(daemon)
    }
    if !isQuiet, now > temper.quietNs { becomeQuiet() }
  }

  private func grow(_ log: Int) {
    let count = script.logs[log].records.count
    guard visible[log] < count else { return }
    let step = max(1, 2 * count / temper.growths)
    visible[log] = isQuiet ? count : min(count, visible[log] + 1 + dice.below(step))
    trace.mix(UInt64(visible[log]))
    timeline.add(.grow(log: log), at: around(temper.growthMs))
    if let owner = owners[log] { wakeReader(owner) }
  }

  /// Everything is visible, nobody dies, and every partition has a living owner.
  private func becomeQuiet() {
    isQuiet = true
    narrate("quiet")
    for daemon in daemons.indices { daemons[daemon].isAlive = true }
    for log in script.logs.indices {
      grow(log)
      resume(log)
    }
  }
}
