import MeterModel

/// The system's zone database, as files: where TZDIR says, or where Debian has it.
public struct ZoneFiles: Sendable {
  private static let bytesMax = 1 << 20

  private let folder: String

  public init(environment: (String) -> String? = Settings.processEnvironment) {
    folder = environment("TZDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/usr/share/zoneinfo"
  }

  /// The file of a zone; nil where the database has none of that name. No name leads outside of it.
  public func bytes(of zone: String) -> [UInt8]? {
    let parts = zone.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isName = parts.allSatisfy { part in
      !part.isEmpty && part.allSatisfy { isLetterOrDigit($0) || "+-_".utf8.contains($0) }
    }
    return isName ? read(zone) : nil
  }

  /// Which edition of the database it is, such as `2026a`; nil where it does not say.
  public var edition: String? {
    guard let line = read("tzdata.zi")?.split(separator: 10, maxSplits: 1).first else { return nil }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.count == 3, words[0] == "#", words[1] == "version", words[2].utf8.count <= 32 else { return nil }
    return String(words[2])
  }

  private func read(_ name: String) -> [UInt8]? { try? readFile("\(folder)/\(name)", bytesMax: Self.bytesMax) }
}
