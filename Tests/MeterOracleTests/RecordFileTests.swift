import MeterOracle
import Testing

@Suite struct RecordFileTests {
  private func read(_ text: String, pieces: Int = .max) throws -> [OracleRecord] {
    var reader = RecordFile.Reader(.records(topic: "usage.events"))
    var records: [OracleRecord] = []
    var rest = bytes(text)[...]
    while !rest.isEmpty {
      records += try reader.take(Array(rest.prefix(pieces)))
      rest = rest.dropFirst(pieces)
    }
    if let last = try reader.end() { records.append(last) }
    return records
  }

  private let sample = OracleRecord(
    topic: "usage.events", partition: 3, offset: 1207, timestampMs: -1, key: bytes("acme"),
    headers: [OracleRecord.Header(name: "ce_id", value: [0xFF, 0]), OracleRecord.Header(name: "gone", value: nil)],
    value: bytes("{\"a\":\"é\\n\"}\n\u{01}"))

  @Test func `a record is written as one line`() throws {
    let line = try RecordFile.line(for: sample, topic: "usage.events")
    #expect(
      String(decoding: line, as: UTF8.self) == #"""
        {"partition":3,"offset":1207,"timestamp":-1,"key":"acme","headers":[["ce_id","/wA="],["gone",null]],
        """#.replacing("\n", with: "") + #""value":"{\"a\":\"é\\n\"}\u000a\u0001"}"# + "\n")
  }

  @Test(arguments: [1, 2, 7, 1000]) func `what was written is read back from pieces of any size`(_ pieces: Int) throws {
    var tombstone = sample
    (tombstone.topic, tombstone.value, tombstone.key, tombstone.headers) = ("other", nil, nil, [])
    var binary = sample
    (binary.offset, binary.value, binary.key) = (1208, [0xFF, 0xFE, 0x0A, 0x41], [0x80])
    let records = [sample, tombstone, binary]
    var text: [UInt8] = []
    for record in records { text += try RecordFile.line(for: record, topic: "usage.events") }
    #expect(try read(String(decoding: text, as: UTF8.self), pieces: pieces) == records)
    #expect(try read(String(decoding: text.dropLast(), as: UTF8.self), pieces: pieces) == records)
  }

  @Test func `key and headers may be left out`() throws {
    let records = try read(#"{"partition":0,"offset":5,"timestamp":12,"value":"x"}"#)
    #expect(
      records == [OracleRecord(topic: "usage.events", partition: 0, offset: 5, timestampMs: 12, value: bytes("x"))])
  }

  @Test(arguments: [
    "", "x", "[]", #"{"partition":0,"offset":5,"timestamp":12}"#,
    #"{"partition":0,"offset":-5,"timestamp":1,"value":""}"#,
    #"{"partition":0,"offset":5.0,"timestamp":1,"value":""}"#, #"{"partition":0,"offset":5,"value":""}"#,
    #"{"partition":0,"offset":5,"timestamp":1,"value":7}"#, #"{"partition":0,"offset":5,"timestamp":1,"vale":"7"}"#,
    #"{"partition":0,"offset":5,"timestamp":1,"value":"","value":""}"#,
    #"{"partition":0,"offset":5,"timestamp":1,"value_base64":"AA"}"#,
    #"{"partition":0,"offset":5,"timestamp":1,"value_base64":"AB=="}"#,
    #"{"partition":0,"offset":5,"timestamp":1,"value":"","headers":[["a"]]}"#,
    #"{"partition":0,"offset":1,"timestamp":1,"value":""}"#,
  ])
  func `a line that cannot be read is named by its number`(_ line: String) {
    let first = #"{"partition":0,"offset":1,"timestamp":1,"value":"x"}"#
    #expect(throws: RecordFile.Fault.self) { try read(first + "\n" + line + "\n") }
    do {
      _ = try read(first + "\n" + line + "\n")
    } catch {
      #expect("\(error)".hasPrefix("line 2: "))
    }
  }

  @Test func `a line is bounded`() throws {
    var reader = RecordFile.Reader(.events(topic: "t", timestampMs: 0), lineBytesMax: 4)
    #expect(try reader.take(bytes("abcd\nab")).count == 1)
    #expect(throws: RecordFile.Fault.self) { try reader.take(bytes("cde")) }
  }

  @Test func `plain events are values verbatim, numbered from 0`() throws {
    var reader = RecordFile.Reader(.events(topic: "usage.events", timestampMs: quarterPastTen))
    var records = try reader.take(bytes("{}\n\n"))
    records += try reader.take(bytes(" x\r"))
    if let last = try reader.end() { records.append(last) }
    #expect(records.map(\.offset) == [0, 1, 2])
    #expect(records.map(\.partition) == [0, 0, 0])
    #expect(records.map(\.timestampMs) == [quarterPastTen, quarterPastTen, quarterPastTen])
    #expect(records.map(\.value) == [bytes("{}"), [], bytes(" x\r")])
  }

  @Test(arguments: [1, 3, 1000]) func `a byte order mark and line breaks of a value are kept`(_ pieces: Int) throws {
    let escaped = #"{"partition":0,"offset":0,"timestamp":1,"value":"\ufeff{}\r\n\r\u2028\ufeff"}"#
    let bare = "{\"partition\":0,\"offset\":1,\"timestamp\":1,\"value\":\"\u{FEFF}{}\"}\r"
    let records = try read(escaped + "\n" + bare + "\n", pieces: pieces)
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    #expect(records.map(\.value) == [mark + bytes("{}\r\n\r") + [0xE2, 0x80, 0xA8] + mark, mark + bytes("{}")])
  }

  @Test func `base64 keeps every length`() throws {
    for length in 0...6 {
      var record = sample
      record.value = [UInt8](repeating: 0xFB, count: length)
      let line = try RecordFile.line(for: record, topic: "usage.events")
      var reader = RecordFile.Reader(.records(topic: "usage.events"))
      #expect(try reader.take(line) == [record])
    }
  }
}
