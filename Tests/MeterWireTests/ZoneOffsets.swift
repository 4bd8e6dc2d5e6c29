import Foundation

/// The kept list of offsets that time zones have had, in seconds.
enum ZoneOffsets {
  static func read(here: StaticString = #filePath) throws -> [Int] {
    let folder = URL(fileURLWithPath: here.description).deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: folder.appendingPathComponent("Golden/zone-offsets.txt"), encoding: .utf8)
    return text.split(separator: "\n").compactMap { line in
      line.hasPrefix("#") ? nil : line.split(separator: " ").first.flatMap { Int($0) }
    }
  }
}
