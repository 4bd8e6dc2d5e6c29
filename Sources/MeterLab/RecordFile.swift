/// Records as NDJSON, one object a line, with the keys partition, offset, timestamp, key, headers and value in this order.
///
/// A value that is not UTF-8 stands in `value_base64` instead of `value`, a key likewise; what is not there is null. A header
/// is `[name, base64]`. Lines of a partition are in the order of its offsets; partitions are interleaved as they come.
final class RecordFile {
  private let file: OutputFile
  private let opening = Array(#"{"partition":"#.utf8)
  private let offset = Array(#","offset":"#.utf8)
  private let timestamp = Array(#","timestamp":"#.utf8)
  private let headers = Array(#","headers":["#.utf8)

  init(path: String) throws(LabError) { file = try OutputFile(path: path) }

  /// Names of headers must be UTF-8. What `shape` says is not there is not looked at.
  func append(
    partition: Int, offset: Int64, timestampMs: Int64, key: Span<UInt8>, value: Span<UInt8>, shape: RecordShape = .plain
  ) throws(LabError) {
    try file.append { line in
      line.append(contentsOf: opening)
      line.appendDecimal(UInt64(partition))
      line.append(contentsOf: self.offset)
      line.appendDecimal(UInt64(offset))
      line.append(contentsOf: timestamp)
      if timestampMs < 0 { line.append(45) }
      line.appendDecimal(timestampMs.magnitude)
      Self.append(key, named: "key", isThere: shape.hasKey, to: &line)
      line.append(contentsOf: headers)
      for (place, header) in shape.headers.enumerated() {
        if place > 0 { line.append(44) }
        Self.append(header, to: &line)
      }
      line.append(93)
      Self.append(value, named: "value", isThere: shape.hasValue, to: &line)
      line.append(125)
      line.append(10)
    }
  }

  private static func append(
    _ bytes: Span<UInt8>, named name: StaticString, isThere: Bool, to line: inout [UInt8]
  ) {
    let isText = !isThere || UTF8Check.holds(bytes)
    line.append(contentsOf: [44, 34])
    name.withUTF8Buffer { unsafe line.append(contentsOf: $0) }
    line.append(contentsOf: (isText ? "\":" : "_base64\":").utf8)
    if !isThere {
      line.append(contentsOf: "null".utf8)
    } else if isText {
      JSONText.append(bytes, to: &line)
    } else {
      appendBase64(bytes, to: &line)
    }
  }

  private static func append(_ header: RecordHeader, to line: inout [UInt8]) {
    line.append(91)
    JSONText.append(header.name.span, to: &line)
    line.append(44)
    if let value = header.value {
      appendBase64(value.span, to: &line)
    } else {
      line.append(contentsOf: "null".utf8)
    }
    line.append(93)
  }

  private static func appendBase64(_ bytes: Span<UInt8>, to line: inout [UInt8]) {
    line.append(34)
    Base64.append(bytes, to: &line)
    line.append(34)
  }

  func close() throws(LabError) { try file.close() }
}
