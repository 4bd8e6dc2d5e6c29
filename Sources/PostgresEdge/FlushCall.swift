import MeterModel

/// The one message that commits a flush.
///
/// Rows travel as arrays in PostgreSQL's binary form. The server has read all of them before `meterd.apply` takes its first lock, and
/// the procedure commits before it answers: no client, however stalled, stands between a lock and its release.
enum FlushCall {
  static let sql: String = {
    let places = (1...55).map { "$\($0)" }.joined(separator: ", ")
    return "call meterd.apply(\(places), null)"
  }()

  static func parameters(of flush: Flush, uniqueMax: Int64, roomMs: Int64) -> [Parameter] {
    // Each is put together when it is asked for: once is enough.
    let series = Array(flush.series)
    let verdicts: [Verdict] = [.counted, .late, .duplicate, .conflict, .voided, .unmetered, .quarantined]
    return [
      .int4(flush.partition.number), .int8(flush.epoch.number), .int8(flush.range.from), .int8(flush.range.to),
      .int8(flush.number), .int8(flush.highWaterMs), .int8Array(verdicts.map { flush.verdicts[$0] }),

      .uuidArray(flush.rollups.map(\.series)), .int8Array(flush.rollups.map { Int64(bitPattern: $0.group) }),
      .timestamptzArray(seconds: flush.rollups.map(\.windowStartSeconds)),
      .numericArray(flush.rollups.map(\.quantity)), .int8Array(flush.rollups.map(\.events)),
      .int4Array(flush.rollups.map(\.merge.number)), .int8Array(flush.rollups.map(\.merge.moment.time.nanoseconds)),
      .int8Array(flush.rollups.map(\.merge.moment.offset)), .int4Array(flush.rollups.map(\.merge.moment.place)),

      .uuidArray(flush.samples.map(\.series)), .int8Array(flush.samples.map(\.moment.time.nanoseconds)),
      .int8Array(flush.samples.map(\.moment.offset)), .int4Array(flush.samples.map(\.moment.place)),
      .numericArray(flush.samples.map(\.level)),

      .uuidArray(flush.values.map(\.series)), .timestamptzArray(seconds: flush.values.map(\.windowStartSeconds)),
      .uuidArray(flush.values.map(\.value)), .int8(uniqueMax),

      .uuidArray(series.map(\.key)), .textArray(utf8: series.map(\.tenant)), .int4Array(series.map(\.meter.number)),
      .textArray(utf8: series.map(\.dimensionsJSON)),

      .int8Array(flush.identities.map(\.generationEndMs)), .int8Array(flush.identities.map(\.baseOffset)),
      .int8Array(flush.identities.map { Int64($0.baseWindow) }), .byteaArray(flush.identities.map(\.bytes)),
      .int8(flush.forgetBeforeMs), .int8(roomMs),

      .int8Array(flush.quarantined.map(\.offset)), .int4Array(flush.quarantined.map(\.place)),
      .textArray(flush.quarantined.map(\.reason.rawValue)), .textArray(flush.quarantined.map(\.detail)),
      .int8Array(flush.quarantined.map(\.timestampMs)), .byteaArray(flush.quarantined.map(\.payload)),
      .textArray(utf8: flush.quarantined.map(\.headersJSON)),
      .int4Array(flush.quarantined.map { Int32($0.form.rawValue) }),
      .int8Array(flush.quarantined.map { $0.source ?? 0 }),

      .int8Array(flush.replays.map(\.id)), .textArray(flush.replays.map(\.verdict)),
      .int4Array(flush.replays.map { Int32($0.verdicts.events) }),

      .int8Array(flush.conflicts.map(\.offset)), .int8Array(flush.conflicts.map(\.firstOffset)),
      .textArray(utf8: flush.conflicts.map(\.tenant)), .textArray(utf8: flush.conflicts.map(\.source)),
      .textArray(utf8: flush.conflicts.map(\.id)),

      .text(CrossingDocument.text(flush.crossings)), .text(CrossingDocument.text(flush.reviewed)),
      .int8(flush.catalogVersion),
    ]
  }
}

extension RollupDelta.Merge {
  /// As the column `merge` has it.
  var number: Int32 {
    switch self {
    case .add: 0
    case .max: 1
    case .min: 2
    case .latest: 3
    case .unique: 4
    case .samples: 5
    }
  }

  var moment: RollupDelta.Moment {
    if case .latest(let moment) = self { moment } else { .init(time: Instant(nanoseconds: 0), offset: 0, place: 0) }
  }
}

extension SeriesDefinition {
  /// The dimensions as a JSON object. Values are UTF-8 without control characters: the decoder saw to that.
  var dimensionsJSON: [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "{")]
    for (path, value) in zip(paths, values) {
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      JSONLiteral.append(path.utf8, to: &text)
      text.append(UInt8(ascii: ":"))
      JSONLiteral.append(value, to: &text)
    }
    text.append(UInt8(ascii: "}"))
    return text
  }
}

extension QuarantinedEvent {
  /// Names as text, values as base64: a header may hold any bytes.
  var headersJSON: [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "[")]
    for header in headers {
      text += text.count > 1 ? Array(",[".utf8) : Array("[".utf8)
      // Repaired where it is not UTF-8.
      JSONLiteral.append(String(decoding: header.name, as: UTF8.self).utf8, to: &text)
      text.append(UInt8(ascii: ","))
      if let value = header.value {
        JSONLiteral.append(Base64.encode(value).utf8, to: &text)
      } else {
        text += Array("null".utf8)
      }
      text.append(UInt8(ascii: "]"))
    }
    text.append(UInt8(ascii: "]"))
    return text
  }
}

enum JSONLiteral {
  private static let hex = Array("0123456789abcdef".utf8)

  /// UTF-8 as a JSON string. PostgreSQL's jsonb has no NUL, so it becomes the replacement character; only header names can hold one.
  static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0: text += [0xEF, 0xBF, 0xBD]
      case 0..<0x20: text += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}

enum Base64 {
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let chunk = bytes[start..<min(start + 3, bytes.count)]
      var word: UInt32 = 0
      for position in 0..<3 {
        word = word << 8 | UInt32(start + position < chunk.endIndex ? bytes[start + position] : 0)
      }
      for position in 0..<4 {
        let letter = letters[Int(word >> UInt32(18 - 6 * position) & 63)]
        text.append(position <= chunk.count ? letter : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
