import MeterModel
import MeterOracle

extension RecordBatch {
  /// Copies a record in as the partition's drain would.
  public mutating func append(_ record: OracleRecord) {
    if let value = record.value {
      unsafe value.withUnsafeBytes {
        unsafe append(offset: record.offset, timestampMs: record.timestampMs, value: $0)
      }
    } else {
      unsafe append(offset: record.offset, timestampMs: record.timestampMs, value: nil)
    }
    for header in record.headers {
      unsafe header.name.bytes.withUnsafeBytes { name in
        if let value = header.value {
          unsafe value.withUnsafeBytes { unsafe appendHeader(name: name, value: $0) }
        } else {
          unsafe appendHeader(name: name, value: nil)
        }
      }
    }
  }
}
