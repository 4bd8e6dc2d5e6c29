import CSimdjson
import MeterModel

/// What a record's headers say: how the value is encoded, and in binary mode the event's attributes.
struct Headers {
  private static let prefix: StaticString = "ce_"

  private var all: [RecordBatch.Header] = []
  /// Where the value of `content-encoding` stands.
  private(set) var encoding: Range<Int>?
  private(set) var isEncodingTwice = false
  /// Any `ce_` header with a value makes the record a binary one.
  private(set) var isBinary = false

  init() {}

  init(_ headers: [RecordBatch.Header], _ arena: Swift.Span<UInt8>) {
    all = headers
    for header in headers {
      if Self.equals(arena, header.name, "content-encoding") {
        // A header without a value is absent.
        guard let value = header.value else { continue }
        isEncodingTwice = isEncodingTwice || encoding != nil
        encoding = value
      } else if header.value != nil, header.name.count >= 3,
        Self.equals(arena, header.name.lowerBound..<header.name.lowerBound + 3, Self.prefix)
      {
        isBinary = true
      }
    }
  }

  /// The attributes, copied to `scratch`; nil when one that is used is not UTF-8. A header without a value is absent.
  func attributes(_ arena: Swift.Span<UInt8>, _ scratch: inout [UInt8]) -> SaidAttributes? {
    var said = SaidAttributes()
    for header in all {
      guard let attribute = Self.attribute(arena, header.name) else { continue }
      guard let value = header.value else { continue }
      let sound = unsafe arena.withUnsafeBufferPointer {
        unsafe csimdjson_is_utf8($0.baseAddress! + value.lowerBound, value.count)
      }
      guard sound else { return nil }
      let first = scratch.count
      for at in value { scratch.append(arena[at]) }
      said.note(attribute, .text(EventBatch.Bytes(.scratch, start: first, length: value.count)))
    }
    return said
  }

  private static func attribute(_ arena: Swift.Span<UInt8>, _ name: Range<Int>) -> SaidAttributes.Name? {
    guard name.count > 3, equals(arena, name.lowerBound..<name.lowerBound + 3, prefix) else { return nil }
    let rest = name.lowerBound + 3..<name.upperBound
    return SaidAttributes.Name.allCases.first { $0 != .data && $0 != .dataBase64 && equals(arena, rest, $0.text) }
  }

  static func equals(_ arena: Swift.Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { wanted in
      for at in 0..<range.count where unsafe arena[range.lowerBound + at] != wanted[at] { return false }
      return true
    }
  }
}
