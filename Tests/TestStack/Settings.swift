/// A configuration of meterd as a test writes it: dotted keys and the YAML text of their values.
///
/// `["flush.interval": "100ms", "kafka.topics": "[a, b]"]`. What follows `kafka.properties.` is one key, as the names
/// of librdkafka have dots themselves. An empty value is the empty text.
public struct Settings: Sendable {
  public var values: [String: String]

  public init(_ values: [String: String]) {
    self.values = values
  }

  private static let openMaps = ["kafka.properties"]

  /// With the keys in order, so that two runs write the same file.
  public var yaml: String {
    Self.lines(values.map { (Self.path($0.key), $0.value) }, indent: "").joined(separator: "\n") + "\n"
  }

  private static func path(_ key: String) -> [String] {
    for map in openMaps where key.hasPrefix("\(map).") {
      return map.split(separator: ".").map(String.init) + [String(key.dropFirst(map.count + 1))]
    }
    return key.split(separator: ".").map(String.init)
  }

  private static func lines(_ entries: [(path: [String], value: String)], indent: String) -> [String] {
    Dictionary(grouping: entries, by: { $0.path.first ?? "" }).sorted { $0.key < $1.key }.flatMap { key, group in
      // A key that is given whole, such as `dedupe: { window: 1h }`, wins over its parts.
      if let whole = group.first(where: { $0.path.count <= 1 }) {
        return ["\(indent)\(key): \(whole.value.isEmpty ? "\"\"" : whole.value)"]
      }
      return ["\(indent)\(key):"] + lines(group.map { (Array($0.path.dropFirst()), $0.value) }, indent: "\(indent)  ")
    }
  }
}
