/// Records in a file, so that a recount needs no Kafka: NDJSON, one object a line.
///
/// | key | value |
/// |---|---|
/// | `topic` | string; absent: the topic that the caller gives |
/// | `partition`, `offset` | whole numbers from 0; offsets grow within a partition |
/// | `timestamp` | the Kafka timestamp, milliseconds since 1970 |
/// | `key` | string or null; absent is null; or `key_base64` where it is not UTF-8 |
/// | `headers` | array of `[name, base64]`, null in place of the base64 for a header without a value; absent is empty |
/// | `value` | string; null is a tombstone; or `value_base64` where it is not UTF-8 |
///
/// It does no reading or writing of files: bytes come in as they were read, in pieces of any size.
public enum RecordFile {
  /// What a line means.
  public enum Form: Sendable {
    /// The object above.
    case records(topic: OracleText)
    /// One record's value verbatim, an empty line included; partition 0, the offset is the line's number from 0.
    case events(topic: OracleText, timestampMs: Int64)
  }

  /// A file that cannot be read, or a record that cannot be written.
  public struct Fault: Error, Equatable, CustomStringConvertible {
    /// From 1; nil when a record is being written.
    public let line: Int?
    public let what: String

    public var description: String {
      line.map { "line \($0): \(what)" } ?? what
    }
  }

  /// Reads a file piece by piece. After a fault it is of no more use.
  public struct Reader {
    private let form: Form
    private let lineBytesMax: Int
    private var lines = 0
    private var rest: [UInt8] = []
    private var lastOffsets: [OraclePlace: Int64] = [:]

    /// A value of 1 MiB is at most 6 MiB of escapes, or 1.4 MiB of base64; the default leaves room for its headers.
    public init(_ form: Form, lineBytesMax: Int = 16 << 20) {
      self.form = form
      self.lineBytesMax = lineBytesMax
    }

    /// The records of the lines that these bytes complete.
    public mutating func take(_ bytes: [UInt8]) throws(Fault) -> [OracleRecord] {
      var records: [OracleRecord] = []
      var start = 0
      while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
        try hold(bytes[start..<end])
        records.append(try endLine())
        start = end + 1
      }
      try hold(bytes[start...])
      return records
    }

    /// The record of a last line that does not end in a line break.
    public mutating func end() throws(Fault) -> OracleRecord? {
      rest.isEmpty ? nil : try endLine()
    }

    private mutating func hold(_ bytes: ArraySlice<UInt8>) throws(Fault) {
      guard rest.count + bytes.count <= lineBytesMax else {
        throw Fault(line: lines + 1, what: "the line is too long (over \(lineBytesMax) bytes); split the batch")
      }
      rest += bytes
    }

    private mutating func endLine() throws(Fault) -> OracleRecord {
      let line = rest
      rest = []
      lines += 1
      switch form {
      case .events(let topic, let timestampMs):
        return OracleRecord(
          topic: topic, partition: 0, offset: Int64(lines - 1), timestampMs: timestampMs, value: line)
      case .records(let topic):
        let record: OracleRecord
        do throws(Misfit) {
          record = try RecordFile.record(in: line, topic: topic)
        } catch {
          throw Fault(line: lines, what: error.what)
        }
        let place = OraclePlace(topic: record.topic, partition: record.partition)
        if let last = lastOffsets[place], last >= record.offset {
          throw Fault(
            line: lines,
            what: "'offset' goes back in partition \(record.partition) (\(record.offset) after \(last)); sort the file")
        }
        lastOffsets[place] = record.offset
        return record
      }
    }
  }

  /// The line of a record, its line break included. The topic is left out where it is the one given here.
  public static func line(for record: OracleRecord, topic: OracleText) throws(Fault) -> [UInt8] {
    var members: [String] = []
    if record.topic != topic { members.append("\"topic\":" + (try quoted(record.topic.bytes, "the topic"))) }
    members.append("\"partition\":\(record.partition)")
    members.append("\"offset\":\(record.offset)")
    members.append("\"timestamp\":\(record.timestampMs)")
    members.append(textMember("key", record.key))
    var headers: [String] = []
    for header in record.headers {
      let value = header.value.map(base64) ?? "null"
      headers.append("[" + (try quoted(header.name.bytes, "a header's name")) + "," + value + "]")
    }
    members.append("\"headers\":[" + headers.joined(separator: ",") + "]")
    members.append(textMember("value", record.value))
    return Array(("{" + members.joined(separator: ",") + "}\n").utf8)
  }

  private static func textMember(_ name: String, _ bytes: [UInt8]?) -> String {
    guard let bytes else { return "\"\(name)\":null" }
    guard UTF8Check.isValid(bytes) else { return "\"\(name)_base64\":" + base64(bytes) }
    return "\"\(name)\":" + escaped(bytes)
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    "\"" + String(decoding: Base64.encode(bytes), as: UTF8.self) + "\""
  }

  private static func quoted(_ bytes: [UInt8], _ what: String) throws(Fault) -> String {
    guard UTF8Check.isValid(bytes) else { throw Fault(line: nil, what: "\(what) is not UTF-8; rename it") }
    return escaped(bytes)
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = [UInt8(ascii: "\"")]
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0x00..<0x20: text += Array(((byte < 16 ? "\\u000" : "\\u00") + String(byte, radix: 16)).utf8)
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
    return String(decoding: text, as: UTF8.self)
  }
}

/// What is wrong with a line, before its number is known.
private struct Misfit: Error {
  let what: String
}

extension RecordFile {
  private static let keys: [OracleText] = [
    "topic", "partition", "offset", "timestamp", "key", "key_base64", "headers", "value", "value_base64",
  ]

  private static func record(in line: [UInt8], topic: OracleText) throws(Misfit) -> OracleRecord {
    guard UTF8Check.isValid(line) else { throw Misfit(what: "not UTF-8; give binary values in 'value_base64'") }
    let json: JSONValue
    do {
      json = try JSONReader.value(of: line)
    } catch {
      throw Misfit(what: "not one JSON value (\(error.detail)); write one object a line")
    }
    guard case .object(let list) = json else { throw Misfit(what: "not an object; write one object a line") }
    var members: [OracleText: JSONValue] = [:]
    for member in list {
      guard keys.contains(member.name) else {
        throw Misfit(what: "a key is unknown; the keys are \(keys.map(\.description).joined(separator: ", "))")
      }
      guard members.updateValue(member.value, forKey: member.name) == nil else {
        throw Misfit(what: "'\(member.name)' comes twice; give it once")
      }
    }
    guard members["value"] != nil || members["value_base64"] != nil else {
      throw Misfit(what: "'value' is missing; write null for a tombstone")
    }
    let named = try text("topic", in: members)
    return OracleRecord(
      topic: named.map(OracleText.init(bytes:)) ?? topic,
      partition: Int(try wholeNumber("partition", in: members, 0...Int64(Int32.max))),
      offset: try wholeNumber("offset", in: members, 0...Int64.max),
      timestampMs: try wholeNumber("timestamp", in: members, Int64.min...Int64.max),
      key: try bytes("key", in: members), headers: try headers(in: members), value: try bytes("value", in: members))
  }

  private static func wholeNumber(
    _ key: OracleText, in members: [OracleText: JSONValue], _ range: ClosedRange<Int64>
  ) throws(Misfit) -> Int64 {
    guard case .number(let text) = members[key], let number = Int64(OracleText(bytes: text).description),
      range.contains(number)
    else { throw Misfit(what: "'\(key)' is not a whole number (\(range.lowerBound) to \(range.upperBound)); give one") }
    return number
  }

  private static func text(_ key: OracleText, in members: [OracleText: JSONValue]) throws(Misfit) -> [UInt8]? {
    switch members[key] {
    case nil, .null: return nil
    case .string(let text): return text.bytes
    default: throw Misfit(what: "'\(key)' is neither a string nor null; give one of them")
    }
  }

  /// The bytes under a key, or under the same key with `_base64`.
  private static func bytes(_ key: OracleText, in members: [OracleText: JSONValue]) throws(Misfit) -> [UInt8]? {
    guard let encoded = members["\(key)_base64"] else { return try text(key, in: members) }
    guard members[key] == nil else { throw Misfit(what: "'\(key)' and '\(key)_base64' are both there; give one") }
    guard case .string(let text) = encoded, let bytes = Base64.decode(text.bytes) else {
      throw Misfit(what: "'\(key)_base64' is not base64; give it with padding")
    }
    return bytes
  }

  private static func headers(in members: [OracleText: JSONValue]) throws(Misfit) -> [OracleRecord.Header] {
    let misfit = Misfit(what: "'headers' is not an array of [name, base64]; write one pair for each header")
    guard let list = members["headers"] else { return [] }
    guard case .array(let pairs) = list else { throw misfit }
    var headers: [OracleRecord.Header] = []
    for pair in pairs {
      guard case .array(let parts) = pair, parts.count == 2, case .string(let name) = parts[0] else { throw misfit }
      switch parts[1] {
      case .null: headers.append(OracleRecord.Header(name: name, value: nil))
      case .string(let text):
        guard let bytes = Base64.decode(text.bytes) else { throw misfit }
        headers.append(OracleRecord.Header(name: name, value: bytes))
      default: throw misfit
      }
    }
    return headers
  }
}
