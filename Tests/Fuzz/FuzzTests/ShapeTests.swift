import TestDice
import Testing

@testable import FuzzTargets

@Suite struct ShapeTests {
  /// Takes every record of a length for the last one of that length: what a decoder does that recognises too much.
  private struct Careless: RecordReader {
    private var plain = PlainReader()
    private var learned: [Int: [PlainEvent]] = [:]

    mutating func read(_ records: [SmallLog.Record], _ catalog: Int) throws(Contradiction) -> [[PlainEvent]] {
      var all: [[PlainEvent]] = []
      for record in records {
        let length = record.value?.count ?? -1
        let events = if let known = learned[length] { known } else { try plain.read([record], catalog)[0] }
        learned[length] = events
        all.append(events)
      }
      return all
    }
  }

  /// Knows every record again to the byte, and forgets that the catalog may have changed.
  private struct Stubborn: RecordReader {
    private var plain = PlainReader()
    private var learned: [[UInt8]: [PlainEvent]] = [:]

    mutating func read(_ records: [SmallLog.Record], _ catalog: Int) throws(Contradiction) -> [[PlainEvent]] {
      var all: [[PlainEvent]] = []
      for record in records {
        let events =
          if let known = learned[record.value ?? []] { known } else { try plain.read([record], catalog)[0] }
        if record.headers.isEmpty { learned[record.value ?? []] = events }
        all.append(events)
      }
      return all
    }
  }

  /// A new decoder for every batch.
  private struct PlainReader: RecordReader {
    mutating func read(_ records: [SmallLog.Record], _ catalog: Int) throws(Contradiction) -> [[PlainEvent]] {
      var reader = WarmReader()
      return try reader.read(records, catalog)
    }
  }

  private static let separator: UInt8 = 0x1E

  @Test func `a decoder says the same of a record whatever it saw before`() throws {
    let inputs = try Corpus.files(.shapes).map(\.bytes)
    for (index, first) in inputs.enumerated() {
      let second = inputs[(index + 1) % inputs.count]
      for bytes in [first, first + [Self.separator] + second, second + [Self.separator] + first] {
        #expect(throws: Never.self) { try FuzzTarget.shapes.check(bytes) }
      }
    }
  }

  @Test func `records that were written for other checks are no exception`() throws {
    for target in [FuzzTarget.events, .json] {
      for file in try Corpus.files(target) {
        #expect(throws: Never.self, "\(target.rawValue)/\(file.name)") { try FuzzTarget.shapes.check(file.bytes) }
      }
    }
  }

  @Test func `a decoder that saw thousands of layouts says the same as one that saw none`() throws {
    var dice = Dice(9)
    var warm = WarmReader()
    for round in 0..<700 {
      var records: [SmallLog.Record] = []
      for _ in 0..<10 {
        // Unknown members make a layout of its own; every tenth record comes in one that was there before.
        let layout = dice.once(in: 10) ? dice.below(20) : 10 * round + records.count
        let (d, n) = ("d\(dice.below(5))", dice.below(1_000))
        let text =
          #"{"specversion":"1.0","x\#(layout)":1,"id":"i","source":"s","type":"t","subject":"u","y\#(layout % 7)":"","#
          + #""data":{"d":"\#(d)","n":\#(n),"o":{"n":\#(n),"k":null}}}"#
        records.append(SmallLog.Record(value: Array(text.utf8)))
      }
      let found = try warm.read(records, 0)
      for (record, events) in zip(records, found) {
        var fresh = WarmReader()
        #expect(try fresh.read([record], 0)[0] == events)
      }
    }
  }

  @Test func `a decoder that takes one record for another is caught`() throws {
    let inputs = try Corpus.files(.shapes).filter { !$0.bytes.isEmpty }
    for file in inputs {
      var careless = Careless()
      #expect(throws: Contradiction.self, "\(file.name)") { try ShapeCheck.run(file.bytes, &careless) }
      var stubborn = Stubborn()
      #expect(throws: Contradiction.self, "\(file.name)") { try ShapeCheck.run(file.bytes, &stubborn) }
    }
  }
}
