import MeterModel
import Testing

@testable import MeterWire

/// The three ways in which a record holds events.
@Suite struct ModeTests {
  private static let attributes: [(String, String?)] = [
    ("ce_specversion", "1.0"), ("ce_id", "e1"), ("ce_source", "s"), ("ce_type", "t"), ("ce_subject", "acme"),
  ]

  @Test func `each element of a batch is an event with its own verdict, place and bytes`() {
    let text = "[ \(event(id: "\"a\"")) , 7,\n\"x\", {} ,\(event(id: "\"b\"", type: "\"other\""))]"
    let decoded = decode([Array(text.utf8)])
    #expect(
      (0..<5).map { decoded.outcome($0) } == [
        "measurable", "not_cloudevent", "not_cloudevent", "not_cloudevent", "unmetered",
      ])
    #expect(decoded.events.events.map(\.place) == [0, 1, 2, 3, 4])
    let payloads = decoded.events.events.map {
      String(decoding: decoded.events.bytes($0.payload, in: decoded.batch), as: UTF8.self)
    }
    #expect(payloads == [event(id: "\"a\""), "7", "\"x\"", "{}", event(id: "\"b\"", type: "\"other\"")])
  }

  @Test func `an empty batch holds no event`() {
    let decoded = decode([Array(" [ ] ".utf8), Array(event().utf8)])
    #expect(decoded.events.events.map(\.record) == [1])
    #expect(decoded.events.records == 0..<2)
  }

  @Test func `a batch that is not JSON is one event`() {
    #expect(decode([Array("[\(event()),]".utf8)]).events.events.count == 1)
    #expect(outcome("[\(event()),]") == "not_json")
  }

  @Test(arguments: ["{}", "null", " {\"a\":[1]} ", nil])
  func `in binary mode the value is data, and none is an empty one`(_ value: String?) {
    #expect(decode([value.map { Array($0.utf8) }], headers: Self.attributes).outcome() == "measurable")
  }

  @Test func `a binary event is the structured one with the same words`() {
    let structured = decode([Array(event(source: "\"s\"", data: "{\"n\":1}").utf8)])
    let binary = decode([Array("{ \"n\" : 1 }".utf8)], headers: Self.attributes)
    let (one, two) = (structured.events.events[0], binary.events.events[0])
    #expect(one.identity == two.identity && one.content == two.content)
    #expect(structured.events.measures.map(\.series) == binary.events.measures.map(\.series))
  }

  @Test(arguments: [
    ("[]", "bad_attribute"), ("7", "bad_attribute"), ("\"x\"", "bad_attribute"), ("", "not_json"), ("{", "not_json"),
    ("{}{}", "not_json"),
  ])
  func `in binary mode data is still a JSON object`(_ value: String, _ reason: String) {
    #expect(decode([Array(value.utf8)], headers: Self.attributes).outcome() == reason)
  }

  @Test func `headers keep the rules of attributes`() {
    func outcome(_ change: (inout [(String, String?)]) -> Void) -> String {
      var headers = Self.attributes
      change(&headers)
      return decode([Array("{}".utf8)], headers: headers).outcome()
    }
    for at in 0..<5 { #expect(outcome { $0.remove(at: at) } == "not_cloudevent") }
    for at in 0..<5 { #expect(outcome { $0[at].1 = nil } == "not_cloudevent") }
    for at in 0..<5 { #expect(outcome { $0.append($0[at]) } == "bad_attribute") }
    #expect(outcome { $0[1].0 = "CE_id" } == "not_cloudevent")
    #expect(outcome { $0[0].1 = "1.1" } == "bad_attribute")
    #expect(outcome { $0[1].1 = "a\u{7}" } == "bad_attribute")
    #expect(outcome { $0[1].1 = "a\u{85}" } == "bad_attribute")
    #expect(outcome { $0[4].1 = String(repeating: "x", count: 129) } == "bad_attribute")
    #expect(outcome { $0.append(("ce_time", "2026-11-21T10:15:00Z")) } == "measurable")
    #expect(outcome { $0.append(("ce_time", "now")) } == "bad_attribute")
    #expect(outcome { $0.append(("ce_correction", "undo")) } == "bad_attribute")
    #expect(outcome { $0.append(("ce_unknown", "x")) } == "measurable")
  }
}
