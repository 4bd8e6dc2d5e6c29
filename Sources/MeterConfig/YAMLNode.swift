/// A place in a file as editors count it: both numbers from 1, columns in characters.
public struct YAMLMark: Sendable, Hashable, Comparable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (a: YAMLMark, b: YAMLMark) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// One value of a YAML file with the place where it begins.
public struct YAMLNode: Sendable {
  /// Whether a scalar was written bare. Only a bare one may be a number, a boolean or nothing at all; a quoted one is
  /// text.
  public enum Style: Sendable, Equatable {
    case plain
    case quoted
  }

  /// A key and its value. Pairs keep the order of the file, so that the first fault of a file is the one reported.
  public struct Pair: Sendable {
    public var key: String
    public var mark: YAMLMark
    public var value: YAMLNode
  }

  public enum Content: Sendable {
    case scalar(String, Style)
    case sequence([YAMLNode])
    case mapping([Pair])
  }

  public var content: Content
  public var mark: YAMLMark

  /// A key without a value, `~`, or `null`.
  public var isNothing: Bool {
    guard case .scalar(let text, .plain) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// What the node is, in the words of a message.
  var kindName: String {
    switch content {
    case .scalar: "a single value"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
