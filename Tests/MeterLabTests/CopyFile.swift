import Foundation
import Testing

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
      let value = try #require(
        (object["value"] as? String).map { Array($0.utf8) }
          ?? (object["value_base64"] as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) })
      records[place] = ReadBack.Record(
        timestampMs: try #require(object["timestamp"] as? Int64),
        key: Array(try #require(object["key"] as? String).utf8),
        value: value)
    }
  }

  /// A path that nothing else uses, removed by the caller.
  static func freshPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("meterlab-\(UUID().uuidString)").path
  }
}
