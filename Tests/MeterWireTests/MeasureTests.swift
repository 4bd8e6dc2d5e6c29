import MeterModel
import Testing

@testable import MeterWire

@Suite struct MeasureTests {
  private func dimension(_ data: String, _ path: String = "d") -> String? {
    let decoded = decode([Array(event(data: data).utf8)], [meter(dimensions: [path])])
    return decoded.outcome() == "measurable" ? decoded.dimensions()[0] : decoded.outcome()
  }

  @Test(arguments: [
    (#"{"d":"eu"}"#, "eu"), (#"{"d":""}"#, ""), (#"{}"#, ""), (#"{"d":null}"#, ""), (#"{"d":true}"#, "true"),
    (#"{"d":false}"#, "false"), (#"{"d":1}"#, "1"), (#"{"d":1.50}"#, "1.50"), (#"{"d":-0}"#, "-0"),
    (#"{"d":1E+3}"#, "1E+3"),
    (#"{"d":"\u0041\/\"\\"}"#, "A/\"\\"), (#"{"d":"\uD83D\uDE00"}"#, "\u{1F600}"), (#"{"\u0064":"x"}"#, "x"),
    (#"{"d":"~other"}"#, "~other"), (#"{"d":{}}"#, "bad_dimension"), (#"{"d":[]}"#, "bad_dimension"),
    (#"{"d":["a"]}"#, "bad_dimension"), (#"{"d":"\u0000"}"#, "bad_dimension"), (#"{"d":"a\nb"}"#, "bad_dimension"),
    (#"{"d":"\u007f"}"#, "bad_dimension"), (#"{"d":"\u0085"}"#, "bad_dimension"),
    ("{\"d\":\"\u{9F}\"}", "bad_dimension"),
    ("{\"d\":\"\u{7F}\"}", "bad_dimension"), (#"{"d":"a","d":"a"}"#, "bad_dimension"),
    (#"{"d":null,"d":"a"}"#, "bad_dimension"),
    (#"{"d":"a","\u0064":"a"}"#, "bad_dimension"), (#"{"D":"a"}"#, ""), (#"{"d ":"a"}"#, ""),
  ])
  func `a dimension is a scalar by its text`(_ data: String, _ expected: String) {
    #expect(dimension(data) == expected)
  }

  @Test func `an event that says ~other by itself is counted where a crowd is`() {
    // The second of one layout is read without the parser.
    let texts = [#"{"d":"~other"}"#, #"{"d":"~other"}"#, #"{"d":"\u007eother"}"#].map { Array(event(data: $0).utf8) }
    let events = decode(texts, [meter(dimensions: ["d"])]).events
    #expect(events.measures.count == 3)
    for (event, measure) in zip(events.events, events.measures) {
      var name = SeriesName(tenant: event.tenantKey, meter: measure.meterID)
      name.add(events.other)
      #expect(measure.series == name.key)
    }
  }

  @Test func `a dimension has up to 256 bytes`() {
    for length in [255, 256, 257] {
      let isTaken = length <= 256
      for (json, text) in [
        ("\"\(String(repeating: "x", count: length))\"", String(repeating: "x", count: length)),
        ("\"\\u0078\(String(repeating: "x", count: length - 1))\"", String(repeating: "x", count: length)),
        (String(repeating: "9", count: length), String(repeating: "9", count: length)),
        ("0.\(String(repeating: "0", count: length - 2))", "0.\(String(repeating: "0", count: length - 2))"),
      ] { #expect(dimension("{\"d\":\(json)}") == (isTaken ? text : "bad_dimension")) }
    }
  }

  @Test(arguments: [
    (#"{"a":{"b":{"c":"x"}}}"#, "x"), (#"{"a":{"b":{}}}"#, ""), (#"{"a":{"b":1}}"#, ""), (#"{"a":"b"}"#, ""),
    (#"{"a":null}"#, ""),
    (#"{"a":[{"b":{"c":"x"}}]}"#, ""), (#"{"a.b.c":"x"}"#, ""), (#"{"a":{"b.c":"x"}}"#, ""), (#"{"b":{"c":"x"}}"#, ""),
    (#"{"z":{"b":{"c":"y"}},"a":{"z":0,"b":{"z":{"c":"w"},"c":"x"}},"c":"v"}"#, "x"),
    (#"{"\u0061":{"\u0062":{"\u0063":"x"}}}"#, "x"),
    (#"{"a":{"b":{"c":"x","c":"x"}}}"#, "bad_dimension"), (#"{"a":{"b":{"c":"x"},"b":{}}}"#, "bad_dimension"),
    (#"{"a":{"b":{}},"a":{"b":{"c":"x"}}}"#, "bad_dimension"), (#"{"a":{"b":{"c":"x"}},"a":5}"#, "bad_dimension"),
    (#"{"a":5,"a":{"b":{"c":"x"}}}"#, "bad_dimension"), (#"{"a":5,"a":6}"#, "bad_dimension"),
    (#"{"a":{"b":1,"b":2}}"#, "bad_dimension"),
    (#"{"a":null,"a":null}"#, "bad_dimension"), (#"{"a":{"b":{"c":{}}}}"#, "bad_dimension"),
    (#"{"x":1,"x":2,"a":{"y":1,"y":2}}"#, ""),
  ])
  func `a path leads through objects, and a member on it may come once only`(_ data: String, _ expected: String) {
    #expect(dimension(data, "a.b.c") == expected)
  }

  @Test func `a value is looked for along its path like a dimension`() {
    for (data, expected) in [
      (#"{"a":{"n":5}}"#, "measurable"), (#"{"a":{"n":5},"a":0}"#, "bad_value"), (#"{"a":0,"a":{"n":5}}"#, "bad_value"),
      (#"{"a":{"n":5,"n":5}}"#, "bad_value"), (#"{"a":5}"#, "bad_value"), (#"{}"#, "bad_value"),
      (#"{"a":{"n":null}}"#, "bad_value"),
    ] { #expect(outcome(event(data: data), [meter(.sum, value: "a.n")]) == expected, "\(data)") }
    #expect(outcome(event(), [meter(.sum, value: "n")]) == "bad_value")
    #expect(outcome(event(data: "null"), [meter(.sum, value: "n")]) == "bad_value")
  }

  @Test func `a numeric string is taken unescaped`() {
    let decoded = decode([Array(event(data: #"{"n":"\u0031\u002e5"}"#).utf8)], [meter(.sum, value: "n", scale: 1)])
    #expect(decoded.events.measures.map(\.units) == [15])
  }

  @Test func `a negative value is bad, however large or fine`() {
    for value in ["-1", "-0.5", "\"-1\"", "-1e999", "-1e-999", "-" + String(repeating: "9", count: 39)] {
      #expect(outcome(event(data: "{\"n\":\(value)}"), [meter(.sum, value: "n")]) == "bad_value", "\(value)")
    }
    #expect(outcome(event(data: #"{"n":-0.0}"#), [meter(.sum, value: "n")]) == "measurable")
  }

  @Test func `a value beyond 38 digits at the scale is an overflow`() {
    let meters = [meter(.sum, value: "n", scale: 12)]
    #expect(outcome(event(data: "{\"n\":1e25}"), meters) == "measurable")
    #expect(outcome(event(data: "{\"n\":1e26}"), meters) == "overflow")
    #expect(outcome(event(data: "{\"n\":\"1e99999999999\"}"), meters) == "overflow")
  }

  @Test func `every meter of the type takes its share, each at its own scale`() {
    let meters = [
      meter(name: "a", dimensions: ["d"], id: 1), meter(.sum, name: "b", value: "n", scale: 0, id: 2),
      meter(.sum, name: "c", value: "n", scale: 12, dimensions: ["d", "x.y"], id: 3),
      meter(name: "other", event: "u", id: 4),
      meter(.sum, name: "e", value: "x.n", scale: 3, id: 5),
    ]
    let decoded = decode([Array(event(data: #"{"n":7,"d":"eu","x":{"y":true,"n":"0.125"}}"#).utf8)], meters)
    #expect(decoded.events.measures.map(\.meter) == [0, 1, 2, 4])
    #expect(decoded.events.measures.map(\.units) == [1, 7, 7_000_000_000_000, 125])
    #expect(decoded.dimensions(measure: 0) == ["eu"])
    #expect(decoded.dimensions(measure: 2) == ["eu", "true"])
    #expect(Set(decoded.events.measures.map(\.series)).count == 4)
  }

  @Test func `of several faults a value's comes first, then a dimension's`() {
    let meters = [meter(name: "a", dimensions: ["d"]), meter(.sum, name: "b", value: "n", scale: 0, id: 2)]
    #expect(outcome(event(data: #"{"d":[],"n":"x"}"#), meters) == "bad_value")
    #expect(outcome(event(data: #"{"d":[],"n":1e99}"#), meters) == "overflow")
    #expect(outcome(event(data: #"{"d":[],"n":1}"#), meters) == "bad_dimension")
    #expect(outcome(event(data: #"{"n":0.5}"#), meters) == "bad_value")
  }

  @Test func `an event that one meter cannot take has no measures for another event to see`() {
    let meters = [meter(.sum, name: "a", value: "n", scale: 0), meter(.sum, name: "b", value: "x", scale: 0, id: 2)]
    let decoded = decode(
      event(data: #"{"n":1,"x":"bad"}"#), event(id: "\"e2\"", data: #"{"n":2,"x":3}"#), meters: meters)
    #expect(decoded.outcome(0) == "bad_value")
    #expect(decoded.events.events[0].measureCount == 0)
    let second = decoded.events.events[1]
    let units = decoded.events.measures[Int(second.firstMeasure)..<Int(second.firstMeasure + second.measureCount)].map(
      \.units)
    #expect(units == [2, 3])
  }

  @Test func `dimension values and tenants are told apart byte by byte`() {
    let texts = [
      #"{"d":"caf\u00e9"}"#, #"{"d":"cafe\u0301"}"#, #"{"d":"a","e":"b"}"#, #"{"d":"ab"}"#, #"{"e":"ab"}"#,
      #"{"d":"b","e":"a"}"#, "{}",
      #"{"d":"A","e":"b"}"#,
    ]
    let meters = [meter(dimensions: ["d", "e"])]
    let decoded = decode(texts.map { Array(event(data: $0).utf8) } + [Array(event(subject: "\"Acme\"").utf8)], meters)
    #expect(Set(decoded.events.measures.map(\.series)).count == texts.count + 1)
    let same = decode(
      event(data: #"{"d":"1"}"#), event(data: #"{"d":1}"#), event(data: #"{"d":"\u0031","e":null}"#),
      event(data: #"{"e":"","d":1}"#),
      meters: meters)
    #expect(Set(same.events.measures.map(\.series)).count == 1)
  }

  @Test func `paths that differ only in how a letter is composed are two paths`() {
    let meters = [meter(dimensions: ["caf\u{E9}", "cafe\u{301}"])]
    let decoded = decode([Array(event(data: "{\"caf\u{E9}\":\"c\",\"cafe\u{301}\":\"d\"}").utf8)], meters)
    #expect(decoded.outcome() == "measurable")
    #expect(decoded.dimensions() == ["c", "d"])
  }

  @Test func `sixteen dimensions are taken`() {
    let paths = (0..<MeterRules.dimensionsMax).map { "d\($0)" }
    let data = "{" + paths.map { "\"\($0)\":\"\($0.uppercased())\"" }.joined(separator: ",") + "}"
    let decoded = decode([Array(event(data: data).utf8)], [meter(dimensions: paths)])
    #expect(decoded.dimensions() == paths.map { $0.uppercased() })
  }
}
