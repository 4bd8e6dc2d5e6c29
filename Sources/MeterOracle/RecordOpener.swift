/// Opens a record: the first of the steps "encoding, envelope, meter, time, identity, value".
///
/// Within it, in this order: content encoding, size, UTF-8, JSON. A record that is refused here cannot be split into
/// events and counts as one.
struct RecordOpener: Sendable {
  /// Gives the content of one zstd frame; its first `limit` bytes when it is longer; nil for anything but one frame.
  typealias Inflate = @Sendable (_ frame: [UInt8], _ limit: Int) -> [UInt8]?

  let maxEventBytes: Int
  let inflate: Inflate

  /// The claims of a record, each the JSON value that has yet to prove itself an event.
  func claims(of record: OracleRecord) throws(Refusal) -> [JSONValue] {
    let value = try decodedValue(of: record)

    // Choice: any header in the manner of `ce_…` makes the record binary, whatever its content type is.
    let isBinary = record.headers.contains { $0.value != nil && $0.name.bytes.starts(with: "ce_".utf8) }
    if isBinary { return [try binaryClaim(headers: record.headers, value: value)] }

    guard let value else { throw Refusal(.notJSON, "the record has no value") }
    let json = try parse(value)
    if case .array(let claims) = json { return claims }
    return [json]
  }

  private func decodedValue(of record: OracleRecord) throws(Refusal) -> [UInt8]? {
    let encodings = record.headers.filter { $0.name == "content-encoding" && $0.value != nil }
    if encodings.count > 1 { throw Refusal(.badEncoding, "the header content-encoding comes twice") }
    if let encoding = encodings.first, encoding.value.map(OracleText.init(bytes:)) != "zstd" {
      // Choice: the name is compared byte by byte too, so `ZSTD` and `identity` are unknown.
      throw Refusal(.badEncoding, "the content encoding is not zstd")
    }
    // Choice: a tombstone has no frame to open, and is looked at as a tombstone.
    guard var value = record.value else { return nil }
    if !encodings.isEmpty {
      // One byte more than allowed tells a value that just fits from one that is too large. Choice: what would come
      // after that byte is not looked at, so a frame that breaks later is too_large and not bad_encoding.
      guard let content = inflate(value, maxEventBytes + 1) else {
        throw Refusal(.badEncoding, "the value is not one zstd frame")
      }
      value = content
    }
    // Choice: size before UTF-8, for a value that is too large is not looked into.
    if value.count > maxEventBytes {
      throw Refusal(.tooLarge, "the value has more than \(maxEventBytes) bytes")
    }
    if !UTF8Check.isValid(value) { throw Refusal(.badEncoding, "the value is not UTF-8") }
    return value
  }

  private func parse(_ value: [UInt8]) throws(Refusal) -> JSONValue {
    do {
      return try JSONReader.value(of: value)
    } catch {
      throw Refusal(.notJSON, error.detail)
    }
  }

  /// Turns binary mode into the object that structured mode would have carried: `ce_id` becomes the member `id`, and the
  /// value becomes the member `data`.
  ///
  /// Choice: only the headers of known attributes are looked at. `ce_data` and `ce_data_base64` are none, for in this
  /// mode the value is the data.
  private func binaryClaim(headers: [OracleRecord.Header], value: [UInt8]?) throws(Refusal) -> JSONValue {
    var members: [JSONValue.Member] = []
    for attribute in Event.attributes {
      for header in headers where header.name == "ce_\(attribute)" {
        guard let bytes = header.value else { continue }
        if !UTF8Check.isValid(bytes) { throw Refusal(.badEncoding, "the header ce_\(attribute) is not UTF-8") }
        members.append(JSONValue.Member(name: attribute, value: .string(OracleText(bytes: bytes))))
      }
    }
    // Choice: a binary event whose record has no value at all has no data, and absent data is an empty object. A value
    // of zero bytes is there, and is not JSON.
    if let value { members.append(JSONValue.Member(name: "data", value: try parse(value))) }
    return .object(members)
  }
}
