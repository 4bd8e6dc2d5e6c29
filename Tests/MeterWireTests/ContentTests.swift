import MeterModel
import Testing

@testable import MeterWire

@Suite struct ContentTests {
  private static let meters = [meter(), meter(name: "u", event: "u", id: 2)]

  private func events(_ first: String, _ second: String) -> [EventBatch.Event] {
    decode(first, second, meters: Self.meters).events.events
  }

  @Test(arguments: [
    (#"{"a":1,"b":[2,3]}"#, "{ \"b\" : [2,\n3] ,\t\"a\":1 }"), (#"{"a":"\u0041\/"}"#, #"{"a":"A/"}"#),
    (#"{"\u0061":1}"#, #"{"a":1}"#),
    (#"{"a":{"x":1,"y":{"p":[],"q":{}}}}"#, #"{"a":{"y":{"q":{},"p":[]},"x":1}}"#), ("{}", "null"), ("{}", "{ }"),
    ("null", "{}"),
    (#"{"a":"\uD83D\uDE00"}"#, "{\"a\":\"\u{1F600}\"}"), (#"{"a":[{"x":1,"y":2}]}"#, #"{"a":[{"y":2,"x":1}]}"#),
  ])
  func `the order of members, white space and escapes do not matter`(_ first: String, _ second: String) {
    let pair = events(event(data: first), event(data: second))
    #expect(pair[0].content == pair[1].content)
    #expect(pair[0].identity == pair[1].identity)
  }

  @Test(arguments: [
    (#"{"a":1}"#, #"{"a":1.0}"#), (#"{"a":1}"#, #"{"a":"1"}"#), (#"{"a":1e2}"#, #"{"a":1E2}"#),
    (#"{"a":[2,3]}"#, #"{"a":[3,2]}"#),
    (#"{"a":1}"#, #"{"b":1}"#), (#"{"a":1}"#, "{}"), (#"{"a":null}"#, "{}"), (#"{"a":true}"#, #"{"a":false}"#),
    (#"{"a":true}"#, #"{"a":"true"}"#),
    (#"{"a":{}}"#, #"{"a":[]}"#), (#"{"a":{}}"#, #"{"a":null}"#), (#"{"a":[]}"#, #"{"a":[[]]}"#),
    (#"{"a":[[1],2]}"#, #"{"a":[1,[2]]}"#),
    (#"{"a":{"b":1}}"#, #"{"b":{"a":1}}"#), (#"{"a":"b","c":"d"}"#, #"{"a":"d","c":"b"}"#),
    (#"{"a":""}"#, #"{"a":null}"#), (#"{"a":0}"#, #"{"a":-0}"#),
    ("{\"a\":\"caf\u{E9}\"}", "{\"a\":\"cafe\u{301}\"}"), (#"{"a":1,"a":1}"#, #"{"a":1}"#),
    (#"{"a":[1,1]}"#, #"{"a":[1]}"#), (#"{"a":1}"#, #"{"a":2}"#),
  ])
  func `another JSON value is another content`(_ first: String, _ second: String) {
    let pair = events(event(data: first), event(data: second))
    #expect(pair[0].content & 0x1F_FFFF != pair[1].content & 0x1F_FFFF)
    #expect(pair[0].identity == pair[1].identity)
  }

  @Test func `time counts as an instant, and absent is absent`() {
    let at = "\"2026-11-21T10:15:00Z\""
    #expect(
      events(event(time: at), event(time: "\"2026-11-21T11:15:00.000+01:00\""))[1].content
        == events(event(time: at), event())[0].content)
    for other in [nil, "\"2026-11-21T10:15:00.000000001Z\"", "\"1970-01-01T00:00:00Z\""] {
      let pair = events(event(time: at), event(time: other))
      #expect(pair[0].content != pair[1].content)
    }
    let zero = events(event(time: "\"1970-01-01T00:00:00Z\""), event())
    #expect(zero[0].content != zero[1].content)
    let null = events(event(time: "null"), event())
    #expect(null[0].content == null[1].content)
  }

  @Test func `type and what is corrected belong to the content, other attributes do not`() {
    for (second, isSame) in [
      (event(type: "\"u\""), false), (event(extra: #","corrects":"x""#), false),
      (event(extra: #","traceparent":"x","reservation":"r""#), true),
      (event(type: "\"\\u0074\""), true), (event(extra: #","corrects":null"#), true),
    ] {
      let pair = events(event(), second)
      #expect((pair[0].content == pair[1].content) == isSame, "\(second)")
      #expect(pair[0].identity == pair[1].identity)
    }
  }

  @Test func `tenant, source and id make the identity, each in its own place`() {
    let texts = [
      event(), event(id: "\"e2\""), event(source: "\"s2\""), event(subject: "\"acme2\""),
      event(id: "\"s\"", source: "\"e1\""),
      event(id: "\"1\"", source: "\"se\""), event(id: "\"e1s\"", source: "\"\\u0020\""),
      event(source: "\"acme\"", subject: "\"s\""),
    ]
    let decoded = decode(texts.map { Array($0.utf8) }, Self.meters)
    #expect(Set(decoded.events.events.map(\.identity)).count == texts.count)
    let escaped = events(event(), event(id: #""\u00651""#, source: #""\u0073""#, subject: #""\u0061cme""#))
    #expect(escaped[0].identity == escaped[1].identity)
  }

  @Test func `contents of many small objects do not meet`() {
    var texts: [String] = []
    for a in 0..<16 {
      for b in 0..<16 { texts.append("{\"a\":\(a),\"b\":\(b)}") }
    }
    let decoded = decode(texts.map { Array(event(data: $0).utf8) }, Self.meters)
    // 256 contents of 21 bits meet by chance under one key in 64; under this one they do not.
    #expect(Set(decoded.events.events.map(\.content)).count == texts.count)
  }
}
