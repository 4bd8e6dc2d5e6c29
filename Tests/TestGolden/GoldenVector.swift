import Foundation
import Testing

/// One of the vectors in `Tests/Golden`: what is given, and what must come of it.
public struct GoldenVector: Sendable, CustomTestStringConvertible {
  public struct Missing: Error {
    public var what: String
  }

  public let name: String
  private let text: Data

  public var testDescription: String { name }

  private init(name: String, text: Data) {
    self.name = name
    self.text = text
  }

  public static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Golden")

  /// The vectors of a file; none where the file is not there, which is a failure of whoever counts them.
  public static func all(_ file: String) -> [GoldenVector] {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent("\(file).json")),
      let list = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]]
    else { return [] }
    return list.compactMap { vector in
      guard let name = vector["name"] as? String, let text = try? JSONSerialization.data(withJSONObject: vector) else {
        return nil
      }
      return GoldenVector(name: name, text: text)
    }
  }

  private func part(_ name: String) throws -> GoldenFields {
    guard let vector = try JSONSerialization.jsonObject(with: text) as? [String: Any],
      let part = vector[name] as? [String: Any]
    else { throw Missing(what: "\(self.name) has no '\(name)'") }
    return GoldenFields(part)
  }

  public var given: GoldenFields { get throws { try part("given") } }
  public var expect: GoldenFields { get throws { try part("expect") } }
}

/// The members of an object of a vector.
public struct GoldenFields {
  private let members: [String: Any]

  init(_ members: [String: Any]) { self.members = members }

  public func has(_ name: String) -> Bool { members[name] != nil }
  public func isNull(_ name: String) -> Bool { members[name] is NSNull }
  public func flag(_ name: String) -> Bool? { members[name] as? Bool }
  public func integer(_ name: String) -> Int? { members[name] as? Int }
  public func object(_ name: String) -> GoldenFields? { (members[name] as? [String: Any]).map(GoldenFields.init) }
  public func objects(_ name: String) -> [GoldenFields] {
    (members[name] as? [[String: Any]] ?? []).map(GoldenFields.init)
  }

  /// A text, or a number as a text.
  public func text(_ name: String) -> String? { Self.text(members[name]) }
  public func texts(_ name: String) -> [String] { (members[name] as? [Any] ?? []).compactMap(Self.text) }

  private static func text(_ value: Any?) -> String? { value as? String ?? (value as? NSNumber).map { "\($0)" } }
}
