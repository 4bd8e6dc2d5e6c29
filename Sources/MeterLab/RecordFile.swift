/// Records as NDJSON, one object a line, with the keys partition, offset, timestamp, key, headers and value in this order.
///
/// A value that is not UTF-8 stands in `value_base64` instead of `value`. Lines of a partition are in the order of its
/// offsets; partitions are interleaved as they come.
final class RecordFile {
  private let file: OutputFile
  private let opening = Array(#"{"partition":"#.utf8)
  private let offset = Array(#","offset":"#.utf8)
  private let timestamp = Array(#","timestamp":"#.utf8)
  private let key = Array(#","key":"#.utf8)
  private let value = Array(#","headers":[],"value":"#.utf8)
  private let valueBase64 = Array(#","headers":[],"value_base64":""#.utf8)

  init(path: String) throws(LabError) { file = try OutputFile(path: path) }

  /// The key must be UTF-8, as a tenant is.
  func append(
    partition: Int, offset: Int64, timestampMs: Int64, key: Span<UInt8>, value: Span<UInt8>
  ) throws(LabError) {
    try file.append { line in
      line.append(contentsOf: opening)
      line.appendDecimal(UInt64(partition))
      line.append(contentsOf: self.offset)
      line.appendDecimal(UInt64(offset))
      line.append(contentsOf: timestamp)
      if timestampMs < 0 { line.append(45) }
      line.appendDecimal(timestampMs.magnitude)
      line.append(contentsOf: self.key)
      JSONText.append(key, to: &line)
      if UTF8Check.holds(value) {
        line.append(contentsOf: self.value)
        JSONText.append(value, to: &line)
      } else {
        line.append(contentsOf: valueBase64)
        Base64.append(value, to: &line)
        line.append(34)
      }
      line.append(125)
      line.append(10)
    }
  }

  func close() throws(LabError) { try file.close() }
}
