import MeterModel

/// The one message that commits a flush.
///
/// Rows travel as arrays in PostgreSQL's binary form. The server has read all of them before `meterd.apply` takes its first lock, and
/// the procedure commits before it answers: no client, however stalled, stands between a lock and its release.
enum FlushCall {
  static let sql: String = {
    let places = (1...46).map { "$\($0)" }.joined(separator: ", ")
    return "call meterd.apply(\(places), null)"
  }()

  static func parameters(of flush: Flush, uniqueMax: Int64) -> [Parameter] {
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

      .uuidArray(flush.series.map(\.key)), .textArray(utf8: flush.series.map(\.tenant)),
      .int4Array(flush.series.map(\.meter.number)), .textArray(flush.series.map(\.dimensionsJSON)),

      .int8Array(flush.identities.map(\.generationEndMs)), .int8Array(flush.identities.map(\.baseOffset)),
      .int8Array(flush.identities.map { Int64($0.baseWindow) }), .byteaArray(flush.identities.map(\.bytes)),
      .int8(flush.forgetBeforeMs),

      .int8Array(flush.quarantined.map(\.offset)), .int4Array(flush.quarantined.map(\.place)),
      .textArray(flush.quarantined.map(\.reason.rawValue)), .textArray(flush.quarantined.map(\.detail)),
      .int8Array(flush.quarantined.map(\.timestampMs)), .byteaArray(flush.quarantined.map(\.payload)),
      .textArray(flush.quarantined.map(\.headersJSON)),

      .int8Array(flush.conflicts.map(\.offset)), .int8Array(flush.conflicts.map(\.firstOffset)),
      .textArray(utf8: flush.conflicts.map(\.tenant)), .textArray(utf8: flush.conflicts.map(\.source)),
      .textArray(utf8: flush.conflicts.map(\.id)),
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
  var dimensionsJSON: String {
    var text = "{"
    for (path, value) in zip(paths, values) {
      if text.utf8.count > 1 { text += "," }
      text += JSONLiteral.string(path) + ":" + JSONLiteral.string(String(decoding: value, as: UTF8.self))
    }
    return text + "}"
  }
}

extension QuarantinedEvent {
  /// Names as text, values as base64: a header may hold any bytes.
  var headersJSON: String {
    let items = headers.map { header in
      let name = JSONLiteral.string(String(decoding: header.name, as: UTF8.self))
      return "[\(name),\(header.value.map { JSONLiteral.string(Base64.encode($0)) } ?? "null")]"
    }
    return "[" + items.joined(separator: ",") + "]"
  }
}

enum JSONLiteral {
  /// PostgreSQL's jsonb has no NUL, so it becomes the replacement character; only header names can hold one.
  static func string(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": literal += "\\\""
      case "\\": literal += "\\\\"
      case "\0": literal += "\u{FFFD}"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        literal += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
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
