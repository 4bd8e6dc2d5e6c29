import MeterModel
import Testing

@testable import MeterWire

@Suite struct EnvelopeTests {
  private static let required = ["specversion", "id", "source", "type", "subject"]

  private func replacing(_ name: String, _ value: String?) -> String {
    let members = [
      ("specversion", "\"1.0\""), ("id", "\"e\""), ("source", "\"s\""), ("type", "\"t\""), ("subject", "\"acme\""),
    ]
    let kept = members.compactMap { member, text -> String? in
      if member != name { return "\"\(member)\":\(text)" }
      return value.map { "\"\(member)\":\($0)" }
    }
    return "{" + kept.joined(separator: ",") + "}"
  }

  @Test func `an event with the required attributes is taken`() {
    let decoded = decode(event(id: "\"i\"", source: "\"so\"", subject: "\"ten\""))
    #expect(decoded.outcome() == "measurable")
    let one = decoded.events.events[0]
    #expect(decoded.text(one.id) == "i")
    #expect(decoded.text(one.source) == "so")
    #expect(decoded.text(one.tenant) == "ten")
    #expect(one.time == nil && one.measureCount == 1)
  }

  @Test(arguments: required)
  func `a required attribute that is absent or null makes it no event`(_ name: String) {
    #expect(outcome(replacing(name, nil)) == "not_cloudevent")
    #expect(outcome(replacing(name, "null")) == "not_cloudevent")
  }

  @Test(arguments: required)
  func `an attribute of another kind than text is bad`(_ name: String) {
    for value in ["1", "1.0", "true", "false", "[]", "{}", "[\"1.0\"]", "{\"a\":null}"] {
      #expect(outcome(replacing(name, value)) == "bad_attribute", "\(value)")
    }
    #expect(outcome(replacing(name, "\"\"")) == "bad_attribute")
  }

  @Test(arguments: ["\"1.1\"", "\"0.3\"", "\"1\"", "\"1.0 \"", "\" 1.0\"", "\"1.00\"", "\"1,0\"", "\"v1.0\""])
  func `only version 1_0 is taken`(_ version: String) {
    #expect(outcome(event(version: version)) == "bad_attribute")
  }

  @Test func `a version written with escapes is the version`() {
    #expect(outcome(event(version: "\"\\u0031.0\"")) == "measurable")
  }

  @Test(arguments: ["[{}]", "1", "\"usage\"", "true", "null", "-0.5e3", "[1]", "[[]]"])
  func `a value that is no object is no event`(_ text: String) {
    #expect(outcome(text) == "not_cloudevent")
  }

  @Test(arguments: [("id", 256), ("source", 256), ("type", 128), ("subject", 128)])
  func `lengths are bounded in bytes`(_ name: String, _ bound: Int) {
    for (length, isTaken) in [
      (1, true), (127, true), (128, true), (129, bound == 256), (255, bound == 256), (256, bound == 256), (257, false),
      (1000, false),
    ] {
      let expected = isTaken ? (name == "type" ? "unmetered" : "measurable") : "bad_attribute"
      #expect(
        outcome(replacing(name, "\"\(String(repeating: "x", count: length))\"")) == expected, "\(name) of \(length)")
      // The first letter written as an escape is one byte all the same.
      let escaped = "\"\\u0078\(String(repeating: "x", count: length - 1))\""
      #expect(outcome(replacing(name, escaped)) == expected, "\(name) of \(length), escaped")
      if length % 2 == 0 {
        #expect(outcome(replacing(name, "\"\(String(repeating: "é", count: length / 2))\"")) == expected)
        #expect(outcome(replacing(name, "\"\(String(repeating: "\\u00e9", count: length / 2))\"")) == expected)
      }
    }
  }

  @Test(arguments: ["id", "source", "type", "subject"])
  func `control characters are refused raw and escaped`(_ name: String) {
    for value in UInt32(0)...0x100 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let isControl = value < 0x20 || (0x7F...0x9F).contains(value)
      let hex = String(value + 0x10000, radix: 16).dropFirst()
      let expected = isControl ? "bad_attribute" : name == "type" ? "unmetered" : "measurable"
      #expect(outcome(replacing(name, "\"a\\u\(hex)b\"")) == expected, "\(hex) escaped")
      #expect(outcome(replacing(name, "\"\\u\(hex)\"")) == (scalar == "t" ? "measurable" : expected), "\(hex) alone")
      if value >= 0x20, scalar != "\"", scalar != "\\" {
        #expect(outcome(replacing(name, "\"a\(Character(scalar))b\"")) == expected, "\(hex) raw")
      } else if value < 0x20 {
        #expect(outcome(replacing(name, "\"a\(Character(scalar))b\"")) == "not_json", "\(hex) raw")
      }
    }
    // Bytes that only look like C1: the second half of another character.
    for text in ["Â", "\u{A0}", "\u{20C2}", "ࢀ", "\u{10080}"] {
      #expect(outcome(replacing(name, "\"\(text)\"")) != "bad_attribute")
    }
  }

  @Test func `names written with escapes are the names they stand for`() {
    #expect(
      outcome(#"{"\u0073pecversion":"1.0","\u0069d":"e","sourc\u0065":"s","t\u0079pe":"t","subjec\u0074":"a"}"#)
        == "measurable")
    #expect(outcome(event(extra: #","\u0069d":"x""#)) == "bad_attribute")
    #expect(outcome(event(extra: #","ti\u006de":"yesterday""#)) == "bad_attribute")
    #expect(outcome(event(extra: #","\u0069d\u0000":"x","\uFF49d":"x","ID":"y""#)) == "measurable")
  }

  @Test(arguments: [
    "specversion", "id", "source", "type", "subject", "time", "data", "correction", "corrects", "reservation",
  ])
  func `an attribute that comes twice is bad, null or not`(_ name: String) {
    let value =
      switch name {
      case "time": "\"2026-11-21T10:15:00Z\""
      case "data": "{}"
      case "specversion": "\"1.0\""
      case "correction": "\"adjust\""
      default: "\"t\""
      }
    let isRequired = Self.required.contains(name)
    let others = isRequired ? String(replacing(name, nil).dropLast()) : String(event().dropLast())
    #expect(outcome("\(others),\"\(name)\":\(value),\"\(name)\":\(value)}") == "bad_attribute")
    #expect(outcome("\(others),\"\(name)\":\(value),\"\(name)\":null}") == "bad_attribute")
    #expect(outcome("\(others),\"\(name)\":null,\"\(name)\":\(value)}") == "bad_attribute")
    #expect(
      outcome("\(others),\"\(name)\":null,\"\(name)\":null}") == (isRequired ? "not_cloudevent" : "bad_attribute"))
    #expect(outcome("\(others),\"\(name)\":\(value),\"x\":1,\"x\":2}") != "bad_attribute")
  }

  @Test(arguments: ["time", "data", "data_base64", "correction", "corrects", "reservation", "datacontenttype"])
  func `an optional attribute that is null is absent`(_ name: String) {
    #expect(outcome(event(extra: ",\"\(name)\":null")) == "measurable")
  }

  @Test func `unknown attributes are ignored`() {
    let extra =
      #","x":1,"ids":"","i":{"id":[]},"datas":1,"data_base6":1,"data_base645":1,"specversio":1,"correctio":1,"reservatio":1"#
    #expect(
      outcome(event(extra: extra + #","sourcex":1,"subjec":0,"timex":"","dataschema":7,"":null"#)) == "measurable")
  }

  @Test(arguments: ["[]", "1", "\"{}\"", "true", "\"\""])
  func `data is an object or absent`(_ data: String) {
    #expect(outcome(event(data: data)) == "bad_attribute")
  }

  @Test func `data in base64 is refused`() {
    for value in ["\"e30=\"", "\"\"", "1", "{}"] {
      #expect(outcome(event(extra: ",\"data_base64\":\(value)")) == "bad_attribute")
    }
  }

  @Test(arguments: [
    "\"yesterday\"", "\"\"", "1795256100", "{}", "true", "\"2026-11-21T10:15:00\"", "\"2026-11-21T10:15:00Z \"",
  ])
  func `a time that is none is bad`(_ time: String) {
    #expect(outcome(event(time: time)) == "bad_attribute")
  }

  @Test func `a time written with escapes is the time`() {
    let decoded = decode(event(time: #""2026-11-21T10\u003a15:00\u005A""#))
    #expect(decoded.events.events[0].time?.nanoseconds == 1_795_256_100_000_000_000)
  }

  @Test func `what is missing is looked for before what is bad`() {
    #expect(outcome(#"{"specversion":"0.3","id":"","source":1,"type":"t"}"#) == "not_cloudevent")
    #expect(outcome(#"{"specversion":"1.0","id":"a","id":"b","type":"t","subject":"a"}"#) == "not_cloudevent")
  }

  @Test func `a correction is one of two words, and a void names what it voids`() {
    #expect(outcome(event(extra: #","correction":"adjust""#)) == "measurable")
    #expect(outcome(event(extra: #","correction":"void","corrects":"x""#)) == "measurable")
    #expect(decode(event(extra: #","correction":"adjust""#)).events.events[0].kind == .adjust)
    #expect(decode(event(extra: #","correction":"void","corrects":"x""#)).events.events[0].kind == .void)
    #expect(outcome(event(extra: #","correction":"void""#)) == "bad_attribute")
    for value in ["\"VOID\"", "\"\"", "1", "true", "{}"] {
      #expect(outcome(event(extra: ",\"correction\":\(value),\"corrects\":\"x\"")) == "bad_attribute")
    }
    #expect(outcome(event(extra: #","correction":"adjust","data_base64":"x""#)) == "bad_attribute")
    #expect(outcome(event(extra: #","corrects":"x""#)) == "measurable")
    for value in ["\"\"", "1", "\"\\u0000\""] {
      #expect(outcome(event(extra: ",\"corrects\":\(value)")) == "bad_attribute")
    }
  }

  @Test func `a reservation is a text`() {
    #expect(outcome(event(extra: #","reservation":"r""#)) == "measurable")
    for value in ["1", "{}", "[]", "false"] {
      #expect(outcome(event(extra: ",\"reservation\":\(value)")) == "bad_attribute")
    }
  }

  @Test func `a type that no meter wants is unmetered, byte by byte`() {
    #expect(outcome(event(type: "\"T\"")) == "unmetered")
    #expect(outcome(event(type: "\"t \"")) == "unmetered")
    let meters = [meter(name: "nfc", event: "caf\u{E9}"), meter(name: "nfd", event: "cafe\u{301}", id: 2)]
    for (name, wanted) in [("\"caf\u{E9}\"", 0), ("\"cafe\u{301}\"", 1), ("\"caf\\u00e9\"", 0), ("\"cafe\\u0301\"", 1)]
    {
      let decoded = decode([Array(event(type: name).utf8)], meters)
      #expect(decoded.events.measures.map(\.meter) == [Int32(wanted)])
    }
  }

  @Test func `many types are told apart`() {
    let meters = (0..<300).map { meter(name: "m\($0)", event: "type.\($0)", id: Int32($0)) }
    let decoded = decode((0..<301).map { Array(event(type: "\"type.\($0)\"").utf8) }, meters)
    for index in 0..<300 {
      #expect(decoded.events.measures[Int(decoded.events.events[index].firstMeasure)].meter == Int32(index))
    }
    #expect(decoded.outcome(300) == "unmetered")
    #expect(decode([Array(event().utf8)], []).outcome() == "unmetered")
  }
}
