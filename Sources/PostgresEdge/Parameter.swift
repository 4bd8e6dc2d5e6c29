import CLibpq
import MeterModel

/// A value for a statement in PostgreSQL's binary form: exact, and without a text to be escaped.
struct Parameter {
  let type: Oid
  let bytes: [UInt8]?

  /// Type numbers of PostgreSQL's catalog, which never change.
  private enum TypeNumber {
    static let bytea: Oid = 17
    static let int8: Oid = 20
    static let int4: Oid = 23
    static let text: Oid = 25
    static let int4Array: Oid = 1007
    static let byteaArray: Oid = 1001
    static let textArray: Oid = 1009
    static let int8Array: Oid = 1016
    static let timestamptz: Oid = 1184
    static let timestamptzArray: Oid = 1185
    static let numeric: Oid = 1700
    static let numericArray: Oid = 1231
    static let uuid: Oid = 2950
    static let uuidArray: Oid = 2951
  }

  /// PostgreSQL counts microseconds from 2000.
  private static let epoch2000Seconds: Int64 = 946_684_800

  static func text(_ value: String?) -> Parameter {
    Parameter(type: TypeNumber.text, bytes: value.map { Array($0.utf8) })
  }

  static func int4(_ value: Int32) -> Parameter {
    Parameter(type: TypeNumber.int4, bytes: bigEndian(UInt32(bitPattern: value)))
  }

  static func int8(_ value: Int64?) -> Parameter {
    Parameter(type: TypeNumber.int8, bytes: value.map { bigEndian(UInt64(bitPattern: $0)) })
  }

  static func int4Array(_ values: some Collection<Int32>) -> Parameter {
    array(TypeNumber.int4Array, of: TypeNumber.int4, values) { bytes, value in
      append(UInt32(4), to: &bytes)
      append(UInt32(bitPattern: value), to: &bytes)
    }
  }

  static func int8Array(_ values: some Collection<Int64>) -> Parameter {
    array(TypeNumber.int8Array, of: TypeNumber.int8, values) { bytes, value in
      append(UInt32(8), to: &bytes)
      append(UInt64(bitPattern: value), to: &bytes)
    }
  }

  static func textArray(_ values: some Collection<String>) -> Parameter {
    array(TypeNumber.textArray, of: TypeNumber.text, values) { bytes, value in
      append(UInt32(value.utf8.count), to: &bytes)
      bytes.append(contentsOf: value.utf8)
    }
  }

  /// UTF-8 that was checked where it came in.
  static func textArray(utf8 values: some Collection<[UInt8]>) -> Parameter {
    array(TypeNumber.textArray, of: TypeNumber.text, values, bytesItem)
  }

  static func byteaArray(_ values: some Collection<[UInt8]>) -> Parameter {
    array(TypeNumber.byteaArray, of: TypeNumber.bytea, values, bytesItem)
  }

  static func uuidArray(_ values: some Collection<SeriesKey>) -> Parameter {
    array(TypeNumber.uuidArray, of: TypeNumber.uuid, values) { bytes, value in
      append(UInt32(16), to: &bytes)
      append(value.high, to: &bytes)
      append(value.low, to: &bytes)
    }
  }

  static func timestamptzArray(seconds values: some Collection<Int64>) -> Parameter {
    array(TypeNumber.timestamptzArray, of: TypeNumber.timestamptz, values) { bytes, value in
      append(UInt32(8), to: &bytes)
      append(UInt64(bitPattern: (value - epoch2000Seconds) * 1_000_000), to: &bytes)
    }
  }

  static func numericArray(_ values: some Collection<Quantity>) -> Parameter {
    array(TypeNumber.numericArray, of: TypeNumber.numeric, values) { bytes, value in
      NumericCoding.append(value, to: &bytes)
    }
  }

  private static func bytesItem(_ bytes: inout [UInt8], _ value: [UInt8]) {
    append(UInt32(value.count), to: &bytes)
    bytes.append(contentsOf: value)
  }

  /// One dimension from 1, no nulls; then each item with its length before it.
  private static func array<Values: Collection>(
    _ type: Oid, of element: Oid, _ values: Values, _ item: (inout [UInt8], Values.Element) -> Void
  ) -> Parameter {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(20 + values.count * 12)
    append(UInt32(values.isEmpty ? 0 : 1), to: &bytes)
    append(UInt32(0), to: &bytes)
    append(UInt32(element), to: &bytes)
    if !values.isEmpty {
      append(UInt32(values.count), to: &bytes)
      append(UInt32(1), to: &bytes)
    }
    for value in values { item(&bytes, value) }
    return Parameter(type: type, bytes: bytes)
  }

  private static func bigEndian<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
    var bytes: [UInt8] = []
    append(word, to: &bytes)
    return bytes
  }

  static func append<Word: FixedWidthInteger>(_ word: Word, to bytes: inout [UInt8]) {
    unsafe withUnsafeBytes(of: word.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }
}
