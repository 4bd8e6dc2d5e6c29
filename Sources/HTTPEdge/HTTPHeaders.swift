/// Header fields of a request in the order in which they came, names in lower case.
public struct HTTPHeaders: Sendable {
  private(set) var fields: [(name: String, value: String)] = []

  init() {}

  public init(_ fields: [(String, String)]) {
    for (name, value) in fields { append(name, value) }
  }

  public var count: Int { fields.count }

  /// The first value of that name, which is given in lower case.
  public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// The value of a field that may come once at most: nil also when it came more often.
  public func single(_ name: String) -> String? {
    let values = all(name)
    return values.count == 1 ? values[0] : nil
  }

  func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  mutating func append(_ name: String, _ value: String) { fields.append((name.lowercased(), value)) }

  /// The token of `Authorization: Bearer …`; nil for another scheme, for two such fields, or for none.
  var bearerToken: String? {
    guard let value = single("authorization") else { return nil }
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = parts[1]
    guard (1...512).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      return nil
    }
    return String(token)
  }
}
