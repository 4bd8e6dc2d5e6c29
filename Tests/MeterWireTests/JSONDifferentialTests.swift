import MeterModel
import Testing
import TestDice

@testable import MeterOracle
@testable import MeterWire

@Suite struct JSONDifferentialTests {
  #if DEBUG
  static let rounds = 12_000
  #else
  static let rounds = 1_000_000
  #endif

  private static let samples: [[UInt8]] =
    (JSONCases.valid + [
      event(time: "\"2026-11-21T10:15:00Z\"", data: #"{"n":1.5,"a":{"b":"\u0041"},"l":[1,2,{"x":null}],"é":"€"}"#),
      event(id: #""\u0065""#, data: "{ \"n\" : \"12\" , \"d\" : true }", extra: #","x":[[],{}],"y":-0.0e-5"#),
      #"{"a":"\uD834\uDD1E\\\"","b":[true,false,null,1e5,"\n"]}"#,
    ]).map { Array($0.utf8) } + JSONCases.invalid.map { Array($0.utf8) } + JSONCases.notUTF8
  private static let pieces: [[UInt8]] =
    [
      "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud800", "\\udc00", "0", "1", "-", "+", ".", "e", "E", "true",
      "nul", " ", "\n",
      "\t", "\0", "\u{1A}", "\u{C}", "é", "\"a\":", "\u{FEFF}", "/", "'", "x",
    ].map { Array($0.utf8) } + JSONCases.notUTF8

  private static func mutate(_ dice: inout Dice) -> [UInt8] {
    var text = dice.pick(samples)
    if dice.below(40) == 0 { text = Array(repeating: 0x20, count: dice.below(130)) + text }
    for _ in 0...dice.below(4) {
      let at = dice.below(text.count + 1)
      switch dice.below(8) {
      case 0 where at < text.count: text[at] ^= 1 << UInt8(dice.below(8))
      case 1 where at < text.count: text[at] = UInt8(truncatingIfNeeded: dice.next())
      case 2: text.insert(contentsOf: dice.pick(pieces), at: at)
      case 3 where at < text.count: text.remove(at: at)
      case 4: text.removeLast(min(text.count, dice.below(8)))
      case 5:
        let other = dice.pick(samples)
        let from = dice.below(other.count + 1)
        text.insert(contentsOf: other[from..<min(other.count, from + dice.below(20))], at: at)
      case 6 where at < text.count:
        let end = min(text.count, at + dice.below(12))
        text.insert(contentsOf: text[at..<end], at: dice.below(text.count))
      default: break
      }
    }
    return text
  }

  private static func verdict(_ text: [UInt8]) -> String {
    guard UTF8Check.isValid(text) else { return "bad_encoding" }
    do {
      _ = try JSONReader.value(of: text)
      return "json"
    } catch {
      return "not_json"
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `mutated texts are judged as a plain reader judges them`(_ seed: UInt64) {
    var dice = Dice(seed)
    var json = JSONText(capacity: 4096)
    var valid = 0
    for _ in 0..<Self.rounds {
      let text = Self.mutate(&dice)
      let behind = dice.pick(Self.pieces)
      let found: String
      switch fault(text, before: dice.pick(Self.pieces), after: behind, with: &json) {
      case nil: found = "json"
      case .notUTF8: found = "bad_encoding"
      default: found = "not_json"
      }
      let expected = Self.verdict(text)
      if found != expected { Issue.record("seed \(seed): \(text) is \(expected), not \(found); behind it \(behind)") }
      if found == "json" { valid += 1 }
    }
    #expect(valid > Self.rounds / 50)
  }

  @Test(arguments: 1...2 as ClosedRange<UInt64>)
  func `decoding mutated records never traps and leaves one event for each`(_ seed: UInt64) {
    var dice = Dice(seed &+ 100)
    var decoder = Decoder(eventBytesMax: 400)
    let rules = MeterRules(
      meters: [
        meter(.sum, name: "a", value: "n", scale: 3, dimensions: ["a.b", "é", "d"]),
        meter(name: "b", dimensions: ["l"], id: 2),
        meter(.sum, name: "c", value: "a.b", scale: 0, id: 3),
      ], seed: MeterWireTests.seed)
    var events = EventBatch()
    for _ in 0..<Self.rounds / 50 {
      let values: [[UInt8]?] = (0..<50).map { _ in dice.below(50) == 0 ? nil : Self.mutate(&dice) }
      let records = batch(values, headers: dice.below(10) == 0 ? [("a", "b"), ("c", nil)] : [])
      _ = decoder.decode(records, from: 0, rules, into: &events)
      // A batch leaves one for each element; none only if it is empty.
      let seen = Set(events.events.map { Int($0.record) })
      let silent = values.indices.filter { !seen.contains($0) }
      #expect(
        silent.allSatisfy { String(decoding: values[$0] ?? [], as: UTF8.self).filter { !$0.isWhitespace } == "[]" })
      for event in events.events where event.finding != .refused {
        #expect(!events.bytes(event.tenant, in: records).isEmpty)
      }
    }
  }
}
