import MeterModel
import Testing

@testable import MeterWire

/// The first step: encoding and size, before anything is read.
@Suite struct RecordTests {
  private let good = Array(event().utf8)

  @Test func `every record leaves one event behind, in order`() {
    let decoded = decode([good, nil, [], Array("x".utf8), good])
    #expect(decoded.events.events.map(\.record) == [0, 1, 2, 3, 4])
    #expect(decoded.events.events.map(\.place) == [0, 0, 0, 0, 0])
    #expect((0..<5).map { decoded.outcome($0) } == ["measurable", "not_json", "not_json", "not_json", "measurable"])
  }

  @Test func `a value may have as many bytes as allowed and not one more`() {
    #expect(decode([good], eventBytesMax: good.count).outcome() == "measurable")
    #expect(decode([good], eventBytesMax: good.count - 1).outcome() == "too_large")
    #expect(decode([good + [0x20]], eventBytesMax: good.count).outcome() == "too_large")
    #expect(decode([[0xFF, 0xFF, 0xFF]], eventBytesMax: 2).outcome() == "too_large")
  }

  @Test(arguments: ["gzip", "identity", "", "ZSTD", "utf-8", "\u{1}\n", String(repeating: "x", count: 100_000)])
  func `a content encoding that is not known is a bad encoding`(_ encoding: String) {
    let headers: [(String, String?)] = [("a", nil), ("content-encoding", encoding)]
    for value in [good, nil, [], Array("x".utf8), Array(repeating: 0x20, count: 70_000)] {
      let decoded = decode([value], headers: headers)
      #expect(decoded.outcome() == "bad_encoding")
      #expect(decoded.events.details.allSatisfy { $0.utf8.count < 256 })
    }
  }

  @Test func `a content encoding without a value is none, and names are told apart by their bytes`() {
    #expect(
      decode([good], headers: [("content-encoding", nil), ("Content-Encoding", "gzip"), ("", "")]).outcome()
        == "measurable")
    #expect(
      decode([good], headers: [("content-encoding", nil), ("content-encoding", "gzip")]).outcome() == "bad_encoding")
  }

  @Test func `the same batch gives the same events, also from a decoder that saw others`() {
    var used = Decoder(eventBytesMax: 65_536)
    let rules = MeterRules(meters: [meter(.sum, value: "n", dimensions: ["d"])], seed: seed)
    var scrap = EventBatch()
    for text in [#"{"a":[[[[1]]]]}"#, "[", event(data: #"{"n":"\u0031","d":"\u0041"}"#)] {
      _ = used.decode(batch([Array(text.utf8)]), from: 0, rules, into: &scrap)
    }
    let records = batch(
      (0..<50).map { Array(event(id: "\"\\u0041\($0)\"", data: "{\"n\":\($0),\"d\":\"\($0 % 3)\"}").utf8) })
    _ = used.decode(records, from: 0, rules, into: &scrap)
    var fresh = Decoder(eventBytesMax: 65_536)
    var events = EventBatch()
    _ = fresh.decode(records, from: 0, rules, into: &events)
    #expect(events.events.map(\.identity) == scrap.events.map(\.identity))
    #expect(events.events.map(\.content) == scrap.events.map(\.content))
    #expect(events.measures.map(\.series) == scrap.measures.map(\.series))
    #expect(events.measures.map(\.units) == scrap.measures.map(\.units))
    #expect(events.scratch == scrap.scratch)
    #expect(Set(events.events.map(\.identity)).count == 50)
    #expect(Set(events.measures.map(\.series)).count == 3)
  }

  @Test func `hashes depend on the installation's key`() {
    let records = batch([good])
    var decoder = Decoder(eventBytesMax: 65_536)
    var seen: [UInt64] = []
    for key: UInt64 in [0, 1, 2, .max] {
      var events = EventBatch()
      _ = decoder.decode(records, from: 0, MeterRules(meters: [meter()], seed: key), into: &events)
      seen += [events.events[0].identity, events.measures[0].series.high, events.measures[0].series.low]
    }
    #expect(Set(seen).count == seen.count)
  }
}
