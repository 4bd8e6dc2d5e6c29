import Foundation
import Testing

@testable import MeterLab

@Suite struct RecordFileTests {
  private func line(_ value: [UInt8]) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try RecordFile(path: path)
    let key = Array("a\"b".utf8)
    try file.append(partition: 3, offset: 41, timestampMs: 1_767_225_600_123, key: key.span, value: value.span)
    try file.close()
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func `a record is one line with its keys in the promised order`() throws {
    #expect(
      try line(Array(#"{"a":"x\y"}"#.utf8))
        == #"{"partition":3,"offset":41,"timestamp":1767225600123,"key":"a\"b","headers":[],"value":"{\"a\":\"x\\y\"}"}"#
        + "\n")
  }

  @Test func `every character comes back from its line`() throws {
    var text = ""
    for code in UInt32(0)...0x2FF { if let scalar = Unicode.Scalar(code) { text.unicodeScalars.append(scalar) } }
    text += "\u{2028}\u{10FFFF}"
    let line = try line(Array(text.utf8))
    #expect(line.count { $0 == "\n" } == 1)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect((object["value"] as? String).map { Array($0.utf8) } == Array(text.utf8))
  }

  @Test func `a byte order mark comes back from its line`() throws {
    let bytes: [UInt8] = [0xEF, 0xBB, 0xBF, 0x7B, 0x7D]
    let line = try line(bytes)
    #expect(line.contains(#""value":"\ufeff{}""#))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect((object["value"] as? String).map { Array($0.utf8) } == bytes)
  }

  @Test(
    arguments: [
      [0xC3, 0x28], [0x80], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5],
      [0xE2, 0x82],
      [0x41, 0xFF, 0x42, 0x43],
    ] as [[UInt8]])
  func `bytes that are not UTF-8 stand in base 64`(_ bytes: [UInt8]) throws {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(try line(bytes).utf8)) as? [String: Any])
    #expect(object["value"] == nil)
    #expect(object["value_base64"] as? String == Data(bytes).base64EncodedString())
  }

  @Test func `the check of UTF-8 agrees with the standard library on every short sequence of edges`() {
    let edges: [UInt8] = [
      0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF,
    ]
    var sequences: [[UInt8]] = [[]]
    for _ in 0..<4 {
      sequences = sequences.flatMap { start in edges.map { start + [$0] } }
      let wrong = sequences.first { UTF8Check.holds($0.span) != (String(validating: $0, as: UTF8.self) != nil) }
      #expect(wrong == nil)
    }
  }

  @Test func `what a record has beside key and value is in its line, and what it has not is null`() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try RecordFile(path: path)
    let (none, key): ([UInt8], [UInt8]) = ([], [0xFF])
    let headers = [RecordHeader(name: Array("a\"".utf8), value: [0]), RecordHeader(name: Array("b".utf8), value: nil)]
    let shape = RecordShape(hasKey: true, headers: headers, hasValue: false)
    try file.append(partition: 0, offset: 0, timestampMs: -1, key: key.span, value: none.span, shape: shape)
    let bare = RecordShape(hasKey: false)
    try file.append(partition: 0, offset: 1, timestampMs: 5, key: none.span, value: none.span, shape: bare)
    try file.close()
    #expect(
      try String(contentsOfFile: path, encoding: .utf8)
        == #"{"partition":0,"offset":0,"timestamp":-1,"key_base64":"/w==","headers":[["a\"","AA=="],["b",null]],"value":null}"#
        + "\n" + #"{"partition":0,"offset":1,"timestamp":5,"key":null,"headers":[],"value":""}"# + "\n")
  }

  @Test func `a path that cannot be written is a complaint with the path in it`() {
    let error = #expect(throws: LabError.self) { try RecordFile(path: "/nonexistent/copy.ndjson") }
    #expect(error?.description.contains("'/nonexistent/copy.ndjson'") == true)
    #expect(error?.exitStatus == 73)
  }

  @Test(
    arguments: [
      ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
      ("a-little-bit-longer-string", -1_486_304_829), ("abc", 479_470_107),
    ] as [(String, Int32)])
  func `keys hash as Kafka's clients hash them`(_ key: String, _ hash: Int32) {
    #expect(Int32(bitPattern: Murmur2.hash(Array(key.utf8))) == hash)
  }
}
