import MeterModel
import TestDice

@testable import MeterWire

/// What a decoder has seen before must not show in what it says: neither the same record many times, nor others that look
/// nearly like it, nor another catalog in between.
///
/// Each record is read by a decoder of its own, and then many times in one that keeps going, between neighbours that differ
/// from it in a byte, a blank or a member. The input also decides the order, so that an input is a whole experiment.
enum ShapeCheck {
  /// Small, so that an input can go beyond it.
  static let bytesMax = 2_048
  private static let recordsMax = 4

  /// Two catalogs of the same types, so that what was learned under one is wrong under the other.
  static let catalogs = [SmallCatalog.meters, SmallCatalog.otherMeters]

  struct Step {
    var record: SmallLog.Record
    var catalog: Int
  }

  static func run(_ bytes: [UInt8]) throws(Contradiction) {
    var reader = WarmReader()
    try run(bytes, &reader)
  }

  static func run(_ bytes: [UInt8], _ warm: inout some RecordReader & ~Copyable) throws(Contradiction) {
    // FNV-1a: any change of the input changes the order too.
    var dice = Dice(bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
    let records = Array(SmallLog(values: bytes).records.prefix(recordsMax))
    let steps = steps(records, &dice)
    // A fresh decoder costs more than what it reads, and many steps are alike.
    var known: [Question: [PlainEvent]] = [:]
    var next = 0
    while next < steps.count {
      // A batch has one catalog.
      let catalog = steps[next].catalog
      let same = steps[next...].prefix { $0.catalog == catalog }
      let batch = Array(same.prefix(1 + dice.below(7)))
      let found = try warm.read(batch.map(\.record), catalog)
      for (index, step) in batch.enumerated() {
        let question = Question(step)
        let alone: [PlainEvent]
        if let answer = known[question] {
          alone = answer
        } else {
          var fresh = WarmReader()
          alone = try fresh.read([step.record], catalog)[0]
          known[question] = alone
        }
        try require(
          found[index] == alone,
          "step \(next + index), '\(String(decoding: step.record.value ?? [], as: UTF8.self))', is \(found[index]), "
            + "to a decoder that saw nothing before \(alone)")
      }
      next += batch.count
    }
  }

  /// A record and its catalog, in full.
  private struct Question: Hashable {
    var words: [[UInt8]?]

    init(_ step: Step) {
      words = [[UInt8(step.catalog)], step.record.value]
      for header in step.record.headers { words += [header.name, header.value] }
    }
  }

  /// Every record often enough to be learned, then among its neighbours and the others, under one catalog, the other, and the
  /// first again.
  private static func steps(_ records: [SmallLog.Record], _ dice: inout Dice) -> [Step] {
    var steps: [Step] = []
    for catalog in [0, 1, 0] {
      var round: [SmallLog.Record] = []
      for record in records {
        round += repeatElement(record, count: dice.once(in: 12) ? 40 : 2 + dice.below(2))
        for _ in 0..<2 + dice.below(3) {
          round.append(Neighbour.of(record, among: records, &dice))
          round.append(record)
        }
      }
      if dice.once(in: 2) { round = dice.shuffled(round) }
      steps += round.map { Step(record: $0, catalog: catalog) }
    }
    return steps
  }
}

/// Something that makes events of records and may remember what it saw.
protocol RecordReader: ~Copyable {
  mutating func read(_ records: [SmallLog.Record], _ catalog: Int) throws(Contradiction) -> [[PlainEvent]]
}

/// A decoder that is never made anew.
struct WarmReader: RecordReader, ~Copyable {
  private static let rules = ShapeCheck.catalogs.enumerated().map { number, meters in
    MeterRules(meters: meters, seed: 42 + UInt64(number))
  }

  private var decoder = Decoder(eventBytesMax: ShapeCheck.bytesMax)
  private var events = EventBatch()

  mutating func read(_ records: [SmallLog.Record], _ catalog: Int) throws(Contradiction) -> [[PlainEvent]] {
    let batch = SmallLog.batch(records)
    let next = decoder.decode(batch, from: 0, Self.rules[catalog], into: &events)
    try require(next == records.count, "a go ended after \(next) of \(records.count) records")
    var all = [[PlainEvent]](repeating: [], count: records.count)
    for event in events.events { all[Int(event.record)].append(PlainEvent(event, events, batch)) }
    return all
  }
}
