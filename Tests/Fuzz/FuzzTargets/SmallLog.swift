import MeterModel

/// Records as an input spells them: each ends at a record separator (1E), which no JSON text holds bare.
struct SmallLog {
  struct Record {
    var headers: [(name: [UInt8], value: [UInt8]?)] = []
    var value: [UInt8]?
  }

  var records: [Record] = []

  /// The decoder ends a go after 1,024 records; these are enough to go wrong together.
  private static let recordsMax = 16
  private static let separator: UInt8 = 0x1E

  /// Values only.
  init(values bytes: [UInt8]) {
    let parts = bytes.split(
      separator: Self.separator, maxSplits: Self.recordsMax - 1, omittingEmptySubsequences: false)
    records = parts.map { Record(value: Array($0)) }
  }

  /// Each record is lines `name: value`, or a bare name for a header without a value, an empty line, then the value. A record
  /// without the empty line has no value.
  init(headed bytes: [UInt8]) {
    let parts = bytes.split(
      separator: Self.separator, maxSplits: Self.recordsMax - 1, omittingEmptySubsequences: false)
    records = parts.map { part in
      var record = Record()
      var rest = part
      while !rest.isEmpty {
        let line = rest.prefix { $0 != 0x0A }
        rest = rest.dropFirst(line.count + 1)
        if line.isEmpty {
          record.value = Array(rest)
          break
        }
        let name = Array(line.prefix { $0 != UInt8(ascii: ":") })
        var value: [UInt8]?
        if name.count < line.count {
          let text = line.dropFirst(name.count + 1)
          value = Array(text.first == 0x20 ? text.dropFirst() : text)
        }
        record.headers.append((name, value))
      }
      return record
    }
  }

  static func batch(_ records: [Record]) -> RecordBatch {
    var batch = RecordBatch()
    for (offset, record) in records.enumerated() {
      if let value = record.value {
        unsafe value.withUnsafeBytes { unsafe batch.append(offset: Int64(offset), timestampMs: 1_000, value: $0) }
      } else {
        unsafe batch.append(offset: Int64(offset), timestampMs: 1_000, value: nil)
      }
      for header in record.headers {
        unsafe header.name.withUnsafeBytes { name in
          if let value = header.value {
            unsafe value.withUnsafeBytes { unsafe batch.appendHeader(name: name, value: $0) }
          } else {
            unsafe batch.appendHeader(name: name, value: nil)
          }
        }
      }
    }
    batch.close()
    return batch
  }
}
