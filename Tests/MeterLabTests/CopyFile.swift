import Foundation
import TestTopics
import Testing

@testable import MeterLab

/// A copy read with Foundation, which knows nothing of how it was written.
struct CopyFile {
  var records: [ReadBack.Place: ReadBack.Record] = [:]
  var isInOffsetOrder = true

  init(path: String) throws {
    var last: [Int32: Int64] = [:]
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let place = ReadBack.Place(
        partition: try #require(object["partition"] as? Int32), offset: try #require(object["offset"] as? Int64))
      if let before = last[place.partition], before >= place.offset { isInOffsetOrder = false }
      last[place.partition] = place.offset
      let headers = try #require(object["headers"] as? [[Any]]).map { pair in
        RecordHeader(
          name: Array(try #require(pair[0] as? String).utf8), value: pair[1] is NSNull ? nil : try Self.decoded(pair[1])
        )
      }
      records[place] = ReadBack.Record(
        timestampMs: try #require(object["timestamp"] as? Int64), key: try Self.bytes("key", in: object),
        headers: headers, value: try Self.bytes("value", in: object))
    }
  }

  /// Null only where the file says so.
  private static func bytes(_ name: String, in object: [String: Any]) throws -> [UInt8]? {
    if let text = object[name] as? String { return Array(text.utf8) }
    if let encoded = object["\(name)_base64"] { return try decoded(encoded) }
    try #require(object[name] is NSNull)
    return nil
  }

  private static func decoded(_ encoded: Any) throws -> [UInt8] {
    let text = try #require(encoded as? String)
    return Array(try #require(Data(base64Encoded: text)))
  }

  /// A path that nothing else uses, removed by the caller.
  static func freshPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("meterlab-\(UUID().uuidString)").path
  }
}
