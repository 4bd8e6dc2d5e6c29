import MeterOracle
import Testing

@Suite struct EnvelopeTests {
  @Test func `a structured event is counted in the hour of its record when it names no time`() {
    var kitchen = Kitchen()
    kitchen.take(event())
    #expect(kitchen.rows() == ["acme calls 0h 1 x1"])
    #expect(kitchen.results().usage[0].windowStart == ten)
    #expect(kitchen.results().usage[0].windowEnd == eleven)
  }

  @Test func `a binary event is made of its headers and its value`() {
    var kitchen = Kitchen([tokens])
    let headers = [
      ("ce_specversion", "1.0"), ("ce_id", "e1"), ("ce_source", "s"), ("ce_type", "t"), ("ce_subject", "acme"),
    ]
    kitchen.take("{\"n\":2.5}", headers: headers)
    kitchen.take(event(data: "{\"n\":2.5}"))
    #expect(kitchen.rows() == ["acme tokens 0h 2.5 x1"])
    #expect(kitchen.count(.duplicate) == 1)
    #expect(verdict(nil, headers: headers) == "counted")
    #expect(verdict("null", headers: headers) == "counted")
    #expect(verdict("", headers: headers) == "not_json")
    #expect(verdict("[]", headers: headers) == "bad_attribute")
    #expect(verdict("{}", headers: headers + [("ce_id", "e2")]) == "bad_attribute")
    #expect(verdict("{}", headers: headers + [("ce_other", "a"), ("ce_other", "b")]) == "counted")
    #expect(verdict("{}", headers: Array(headers.dropLast())) == "not_cloudevent")
    #expect(verdict("{}", headers: [("CE_ID", "e1")]) == "not_cloudevent")
    #expect(verdict(event(), headers: [("CE_ID", "other"), ("traceparent", "x")]) == "counted")
  }

  @Test func `a header that is not UTF-8 is a bad encoding`() {
    var kitchen = Kitchen()
    kitchen.oracle.take(
      OracleRecord(
        topic: "usage.events", partition: 0, offset: 7, timestampMs: quarterPastTen,
        headers: [OracleRecord.Header(name: "ce_id", value: [0xFF])], value: bytes("{}")))
    #expect(kitchen.reasons == [.badEncoding])
    #expect(kitchen.results().quarantine[0].offset == 7)
  }

  @Test func `each event of a batch has its own verdict`() {
    var kitchen = Kitchen()
    kitchen.take("[\(event(id: "a")),\(event(id: "a")),7,\(event(id: "b", type: "other")),\(event(id: "c"))]")
    let results = kitchen.results()
    #expect(results.accounting[0].verdicts == [.counted: 2, .duplicate: 1, .quarantined: 1, .unmetered: 1])
    #expect(results.accounting[0].events == 5)
    #expect(results.quarantine[0].index == 2)
    #expect(results.quarantine[0].reason == .notCloudEvent)
    #expect(verdict("[]") == "nothing")
  }

  @Test(arguments: [
    ("", "not_json"), ("\u{FEFF}{}", "not_json"), ("{}{}", "not_json"), ("{\"a\":1,}", "not_json"),
    ("{\"a\":01}", "not_json"), ("\"\\ud800\"", "not_json"),
    ("\"\\udc00\"", "not_json"), ("\"\\ud83d\\u0041\"", "not_json"), ("\"\\ud83d\\ude00\"", "not_cloudevent"),
    ("'a'", "not_json"), ("[1", "not_json"),
    ("\"a\u{01}\"", "not_json"), ("tru", "not_json"), ("7", "not_cloudevent"), ("\"x\"", "not_cloudevent"),
    ("null", "not_cloudevent"), ("{}", "not_cloudevent"), (" \t\r\n{} ", "not_cloudevent"),
  ])
  func `what is no JSON, and what is JSON and no event, is told apart`(_ value: String, _ expected: String) {
    #expect(verdict(value) == expected)
  }

  @Test func `a tombstone is not JSON`() {
    #expect(verdict(nil) == "not_json")
    #expect(verdict(nil, headers: [("content-encoding", "zstd")]) == "not_json")
  }

  @Test func `nesting is taken to its bound and refused beyond it`() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    // The event and its data are the first two levels.
    #expect(verdict(event(data: "{\"n\":\(nested(510))}")) == "counted")
    #expect(verdict(event(data: "{\"n\":\(nested(511))}")) == "not_json")
  }

  @Test(arguments: ["specversion", "id", "source", "type", "subject"])
  func `an event without one of the five attributes is no CloudEvent`(_ name: String) {
    let whole = event()
    #expect(verdict(whole.replacing("\"\(name)\":", with: "\"was_\(name)\":")) == "not_cloudevent")
    #expect(verdict(whole.replacing("\"\(name)\":", with: "\"\(name)\":null,\"was_\(name)\":")) == "not_cloudevent")
  }

  @Test(arguments: [
    (",\"id\":\"e1\"", "bad_attribute"), (",\"time\":null,\"time\":null", "bad_attribute"),
    (",\"unknown\":1,\"unknown\":2", "counted"), (",\"data\":[]", "bad_attribute"), (",\"data\":7", "bad_attribute"),
    (",\"data\":null", "counted"), (",\"data_base64\":\"e30=\"", "bad_attribute"), (",\"data_base64\":null", "counted"),
    (",\"time\":null", "counted"), (",\"time\":5", "bad_attribute"), (",\"time\":\"\"", "bad_attribute"),
    (",\"correction\":null", "counted"), (",\"correction\":\"\"", "bad_attribute"),
    (",\"correction\":\"Void\"", "bad_attribute"), (",\"correction\":\"void\"", "bad_attribute"),
    (",\"reservation\":7", "bad_attribute"), (",\"reservation\":\"r1\"", "counted"), (",\"corrects\":\"x\"", "counted"),
  ])
  func `an attribute keeps its rule or is refused`(_ extra: String, _ expected: String) {
    #expect(verdict(event(extra: extra)) == expected)
  }

  @Test func `attributes are as long as their rule allows and hold no control characters`() {
    let long = String(repeating: "é", count: 128)
    #expect(verdict(event(id: long)) == "counted")
    #expect(verdict(event(id: long + "x")) == "bad_attribute")
    #expect(verdict(event(source: "")) == "bad_attribute")
    #expect(verdict(event(subject: String(repeating: "s", count: 128))) == "counted")
    #expect(verdict(event(subject: String(repeating: "s", count: 129))) == "bad_attribute")
    #expect(verdict(event(type: String(repeating: "s", count: 129))) == "bad_attribute")
    #expect(verdict(event(id: "a\\u0000")) == "bad_attribute")
    #expect(verdict(event(id: "a\u{7F}")) == "bad_attribute")
    #expect(verdict(event(subject: "a\u{85}")) == "bad_attribute")
    #expect(verdict(event(subject: "a\u{A0}")) == "counted")
    #expect(verdict(event().replacing("1.0", with: "0.3")) == "bad_attribute")
  }

  @Test func `tenants are told apart by bytes and never by Unicode equivalence`() {
    var kitchen = Kitchen()
    kitchen.take(event(subject: "caf\u{E9}"))
    kitchen.take(event(subject: "cafe\u{301}"))
    #expect(kitchen.results().usage.count == 2)
    #expect(kitchen.count(.counted) == 2)
    #expect(kitchen.count(.duplicate) == 0)
  }

  @Test(arguments: [[0x80], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]])
  func `a value that is not UTF-8 is a bad encoding before anything else`(_ broken: [UInt8]) {
    #expect(verdict(bytes("{\"a\":\"") + broken + bytes("\"}")) == "bad_encoding")
  }

  @Test func `a zstd value is opened, bounded, and refused when it is no frame`() {
    let zstd = [("content-encoding", "zstd")]
    let blanks = String(repeating: " ", count: 4096 - event().utf8.count)
    #expect(verdict("z" + event(), headers: zstd) == "counted")
    #expect(verdict("y" + event(), headers: zstd) == "bad_encoding")
    #expect(verdict(event() + blanks) == "counted")
    #expect(verdict(event() + blanks + " ") == "too_large")
    #expect(verdict("z" + event() + blanks, headers: zstd) == "counted")
    #expect(verdict("z" + event() + blanks + " ", headers: zstd) == "too_large")
    #expect(verdict(event(), headers: [("content-encoding", "gzip")]) == "bad_encoding")
    #expect(verdict("z" + event(), headers: zstd + zstd) == "bad_encoding")
    #expect(verdict(event(), headers: [("Content-Encoding", "gzip")]) == "counted")
  }

  @Test func `an event that no meter wants is unmetered before its time and its identity are looked at`() {
    var kitchen = Kitchen()
    kitchen.take(event(type: "other", time: "1990-01-01T00:00:00Z"))
    kitchen.take(event(type: "other", time: "1990-01-01T00:00:00Z"))
    kitchen.take(event(type: "other", time: "soon"))
    #expect(kitchen.count(.unmetered) == 2)
    #expect(kitchen.reasons == [.badAttribute])
  }
}
