import MeterModel
import TestDice

@testable import MeterWire

/// Any number of random texts, each read by the product and by school arithmetic: as a bare text, and as the value of an event,
/// once as plain usage or as an adjust.
public struct DecimalProof {
  /// How many texts came to what.
  public struct Count: Equatable, Sendable, CustomStringConvertible {
    public var texts = 0
    public var units = 0
    public var notNumber = 0
    public var tooFine = 0
    public var tooLarge = 0
    public var tooFarBelow = 0

    public var description: String {
      "\(texts) texts: \(units) taken, \(notNumber) no number, \(tooFine) too fine, \(tooLarge) too large, \(tooFarBelow) too far below"
    }
  }

  private struct Case {
    var text: [UInt8]
    var scale: Int
    var isAdjust: Bool
    var expected: SchoolDecimal
  }

  private static let casesInBatch = 1_000

  private var writer: DecimalWriter
  private var dice: Dice
  private let seed: UInt64

  public init(seed: UInt64) {
    self.seed = seed
    writer = DecimalWriter(seed: seed)
    dice = Dice(~seed)
  }

  public mutating func run(_ count: Int, progress: (Count) -> Void = { _ in }) throws(Mismatch) -> Count {
    var total = Count()
    var decoder = Decoder(eventBytesMax: 4_096)
    while total.texts < count {
      var cases: [Case] = []
      for _ in 0..<min(Self.casesInBatch, count - total.texts) {
        var text: [UInt8] = []
        let scale = dice.below(MeterDefinition.scaleMax + 1)
        let shape = writer.write(&text, scale: scale)
        let expected = SchoolDecimal(text, scale: scale)
        let found = Self.read(text, scale: scale)
        if found != expected {
          throw Mismatch(
            "'\(Self.shown(text))' at scale \(scale) (\(shape), seed \(seed)) is \(found), by school \(expected)")
        }
        note(expected, &total)
        cases.append(Case(text: text, scale: scale, isAdjust: dice.once(in: 2), expected: expected))
      }
      try checkEvents(cases, &decoder)
      progress(total)
    }
    return total
  }

  /// Digits on both sides must not be taken for part of the number; behind them is the padding that every arena has.
  private static func read(_ text: [UInt8], scale: Int) -> SchoolDecimal {
    let arena = [0x39, 0x39] + text + [0x39, 0x39] + [UInt8](repeating: 0, count: RecordBatch.padding)
    switch DecimalText.parse(arena.span, from: 2, to: text.count + 2, scale: scale) {
    case .units(let units): return SchoolDecimal.digits(units)
    case .notNumber: return .notNumber
    case .tooFine: return .tooFine
    case .tooLarge: return .tooLarge
    case .tooFarBelow: return .tooFarBelow
    }
  }

  private func note(_ outcome: SchoolDecimal, _ total: inout Count) {
    total.texts += 1
    switch outcome {
    case .units: total.units += 1
    case .notNumber: total.notNumber += 1
    case .tooFine: total.tooFine += 1
    case .tooLarge: total.tooLarge += 1
    case .tooFarBelow: total.tooFarBelow += 1
    }
  }

  // As the value of an event

  private static let rules = MeterRules(
    meters: (0...MeterDefinition.scaleMax).map { scale in
      Meter(
        id: MeterID(Int32(scale + 1)),
        definition: MeterDefinition(name: "m\(scale)", event: "t\(scale)", aggregate: .sum, value: "v", scale: scale))
    }, seed: 1)

  private func checkEvents(_ cases: [Case], _ decoder: inout Decoder) throws(Mismatch) {
    var batch = RecordBatch()
    for (offset, at) in cases.enumerated() {
      // What is no number can stand only in quotes, and what is one may.
      let value = at.expected.isNumber && offset % 2 == 0 ? at.text : [0x22] + at.text + [0x22]
      let head = #"{"specversion":"1.0","id":"i","source":"s","type":"t\#(at.scale)","subject":"u","#
      let kind = at.isAdjust ? #""correction":"adjust","# : ""
      let record = Array((head + kind + #""data":{"v":"#).utf8) + value + [0x7D, 0x7D]
      unsafe record.withUnsafeBytes { unsafe batch.append(offset: Int64(offset), timestampMs: 0, value: $0) }
    }
    batch.close()
    var events = EventBatch()
    var next = 0
    while next < cases.count {
      let begun = next
      next = decoder.decode(batch, from: begun, Self.rules, into: &events)
      guard next > begun, events.events.count == next - begun else {
        throw Mismatch("records \(begun) to \(next) came to \(events.events.count) events")
      }
      try compare(Array(cases[begun..<next]), events)
    }
  }

  private func compare(_ cases: [Case], _ events: borrowing EventBatch) throws(Mismatch) {
    for (event, at) in zip(events.events, cases) {
      let found: SchoolDecimal? =
        event.problem == nil && event.measureCount == 1
        ? SchoolDecimal.digits(events.measures[Int(event.firstMeasure)].units) : nil
      let (right, reason) = at.expected.asValue(isAdjust: at.isAdjust)
      if found != right || event.problem != reason {
        throw Mismatch(
          "the value '\(Self.shown(at.text))' at scale \(at.scale) (adjust \(at.isAdjust), seed \(seed)) is "
            + "\(found.map { "\($0)" } ?? event.problem?.rawValue ?? "nothing"), by school \(at.expected)")
      }
    }
  }

  private static func shown(_ text: [UInt8]) -> String { String(decoding: text, as: UTF8.self) }
}

extension SchoolDecimal {
  /// What an event with this value adds, or why it is refused: below zero is for adjusts only.
  fileprivate func asValue(isAdjust: Bool) -> (SchoolDecimal?, Reason?) {
    switch self {
    case .units(let isNegative, _): isNegative && !isAdjust ? (nil, .badValue) : (self, nil)
    case .notNumber, .tooFine: (nil, .badValue)
    case .tooLarge: (nil, .overflow)
    case .tooFarBelow: (nil, isAdjust ? .overflow : .badValue)
    }
  }
}
