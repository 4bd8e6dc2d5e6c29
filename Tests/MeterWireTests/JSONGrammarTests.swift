import MeterModel
import Testing

@testable import MeterOracle
@testable import MeterWire

@Suite struct JSONGrammarTests {
  /// What may stand behind a record in the arena: the next one's bytes.
  private static let neighbours: [[UInt8]] = [
    [], Array("34".utf8), Array("}".utf8), Array("]".utf8), Array("\"".utf8), Array(",1]".utf8), Array("e5".utf8),
    Array(".5".utf8), Array("rue".utf8), Array(":1}".utf8), [0x80, 0x80], [0xFF], Array(" ".utf8),
    Array("\\u0041\"".utf8),
  ]

  @Test(arguments: JSONCases.valid)
  func `what is JSON is read`(_ text: String) {
    for neighbour in Self.neighbours {
      #expect(isJSON(Array(text.utf8), before: neighbour, after: neighbour), "\(text) with \(neighbour)")
    }
    #expect(throws: Never.self) { _ = try JSONReader.value(of: Array(text.utf8)) }
  }

  @Test(arguments: JSONCases.invalid)
  func `what is not JSON is refused`(_ text: String) {
    for neighbour in Self.neighbours {
      #expect(!isJSON(Array(text.utf8), before: neighbour, after: neighbour), "\(text) with \(neighbour)")
    }
    #expect(throws: NotJSON.self) { try JSONReader.value(of: Array(text.utf8)) }
  }

  @Test(arguments: JSONCases.notUTF8)
  func `bytes that are not UTF-8 are a bad encoding wherever they stand`(_ bytes: [UInt8]) {
    let quote = Array("\"".utf8)
    let texts: [[UInt8]] = [
      bytes, quote + bytes + quote, quote + bytes, [0xEF, 0xBB, 0xBF] + bytes, Array("{\"a\":1,".utf8) + bytes,
      Array("[1 2 ".utf8) + bytes, Array(repeating: 0x20, count: 63) + bytes, Array("\"\u{1}".utf8) + bytes,
      Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8), Array("01".utf8) + bytes,
    ]
    for text in texts {
      var json = JSONText(capacity: 256)
      #expect(fault(text, with: &json) == .notUTF8, "\(text)")
      #expect(decode([text]).outcome() == "bad_encoding", "\(text)")
    }
  }

  @Test func `a character cut by the end of its record is not completed by the next`() {
    let euro = Array("\"€".utf8)
    #expect(!isJSON(Array(euro.dropLast()), after: Array(euro.suffix(1)) + Array("\"".utf8)))
  }

  @Test(arguments: ["{", "[", "{\"a\":", "[{\"a\":"])
  func `values may be nested to the bound and no deeper`(_ opening: String) {
    let levels = opening.utf8.filter { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") }.count
    func nested(_ depth: Int) -> [UInt8] {
      let openings = String(repeating: opening, count: depth / levels)
      let closings = String(openings.reversed().compactMap { $0 == "{" ? "}" : $0 == "[" ? "]" : nil })
      // The innermost of `{"a":{"a":` needs a value.
      let inner = opening.hasSuffix(":") ? "1" : ""
      return Array((openings + inner + closings).utf8)
    }
    if opening == "{" {
      #expect(!isJSON(nested(2)))
      return
    }
    var json = JSONText(capacity: 1 << 20)
    #expect(fault(nested(JSONText.depthMax), with: &json) == nil)
    #expect(fault(nested(JSONText.depthMax + levels), with: &json) == .tooDeep)
    #expect(fault(nested(100_000), with: &json) == .tooDeep)
    #expect(fault(nested(JSONText.depthMax), with: &json) == nil)
    #expect(fault(Array(String(repeating: "[", count: JSONText.depthMax).utf8), with: &json) == .truncated)
  }

  @Test func `a text cut at any byte is not JSON`() {
    let sample = Array(
      event(
        time: "\"2026-11-21T10:15:00.123Z\"",
        data: #"{"a":[1,2.5e-3,{"b":"\u00e9\"\\\uD834\uDD1E"}],"t":true,"f":false,"n":null,"é":"€\#u{1F600}"}"#
      ).utf8)
    #expect(isJSON(sample))
    for length in 0..<sample.count {
      let (head, tail) = (Array(sample[..<length]), Array(sample[length...]))
      #expect(!isJSON(head), "cut at \(length)")
      #expect(!isJSON(head, after: tail), "cut at \(length), the rest behind it")
      #expect(!isJSON(tail, before: head) || length == 0, "the rest from \(length)")
    }
  }

  @Test func `a record does not run on into the next one's bytes`() {
    let decoded = decode("12", "34", "{\"a\":1", "}", "tru", "e", "\"a", "\"", "1.", "5", "-", "1")
    #expect(
      decoded.events.events.indices.map { decoded.outcome($0) } == [
        "not_cloudevent", "not_cloudevent", "not_json", "not_json", "not_json", "not_json", "not_json", "not_json",
        "not_json", "not_cloudevent", "not_json", "not_cloudevent",
      ])
    let value = "\"data\":{\"n\":12"
    let long = decode(event(extra: "," + value + "}"), "34}}", meters: [meter(.sum, value: "n", scale: 0)])
    #expect(long.events.measures.map(\.units) == [12])
  }

  @Test func `white space is taken around every token and nothing else is`() {
    let tokens = [
      "{", "\"a\"", ":", "[", "1", ",", "true", ",", "\"b\"", ",", "{", "}", "]", ",", "\"c\"", ":", "null", "}",
    ]
    for space in [" ", "\t", "\n", "\r", " \t\r\n", String(repeating: " ", count: 200)] {
      #expect(isJSON(space + tokens.joined(separator: space) + space))
    }
    for other in ["\u{B}", "\u{C}", "\u{A0}", "\u{2028}", "\u{0}", "\u{1A}", "\u{FEFF}", "\\n"] {
      for place in 0...tokens.count {
        let text = tokens[..<place].joined() + other + tokens[place...].joined()
        #expect(!isJSON(text), "\(text.debugDescription)")
      }
    }
  }

  @Test func `every token position across the blocks of the indexer reads the same`() {
    for shift in 0..<130 {
      let pad = String(repeating: " ", count: shift)
      #expect(isJSON(pad + #"{"a":"x\"y\\","b":[12,-3.5e2,true,null]}"#), "\(shift)")
      #expect(!isJSON(pad + #"{"a":"x\"y\\"","b":1}"#), "\(shift)")
      #expect(!isJSON(pad + "truex"), "\(shift)")
      #expect(!isJSON(pad + "1 2"), "\(shift)")
      #expect(!isJSON("\"" + String(repeating: "\\", count: shift | 1) + "\""), "\(shift)")
      #expect(isJSON("\"" + String(repeating: "\\", count: shift & ~1) + "\""), "\(shift)")
    }
  }

  @Test func `a text that fills the reader's room is read and a longer one refused`() {
    let text = Array("\"\(String(repeating: "x", count: 998))\"".utf8)
    var exact = JSONText(capacity: 1_000)
    #expect(fault(text, with: &exact) == nil)
    #expect(fault(text + [0x20], with: &exact) == .noRoom)
    let many = Array(("[" + String(repeating: "1,", count: 498) + "1] ").utf8)
    #expect(many.count == 1_000 - 1 || fault(many, with: &exact) == nil)
  }

  @Test func `an unescaped string is what JSON says it is`() {
    for (text, expected) in [
      (#"\u0061"#, "a"), (#"\u00e9"#, "é"), (#"\u20AC"#, "€"), (#"\uD83D\uDE00"#, "\u{1F600}"),
      (#"\b\f\n\r\t\/\\\""#, "\u{8}\u{C}\n\r\t/\\\""),
      (#"\u0000"#, "\0"), (#"\\u0061"#, "\\u0061"), (#"x\u0041y"#, "xAy"), (#"\uDBFF\uDFFF"#, "\u{10FFFF}"),
      (#"\uFFFF"#, "\u{FFFF}"),
      (#"\u007F\u0080\u07FF\u0800"#, "\u{7F}\u{80}\u{7FF}\u{800}"), (#"\uD7FF\uE000"#, "\u{D7FF}\u{E000}"),
    ] {
      var scratch: [UInt8] = [1]
      let bytes = Array(text.utf8)
      #expect(JSONString.badEscape(bytes.span, from: 0, to: bytes.count) == nil)
      #expect(JSONString.unescape(bytes.span, from: 0, to: bytes.count, into: &scratch))
      #expect(scratch == [1] + Array(expected.utf8), "\(text)")
    }
  }
}
