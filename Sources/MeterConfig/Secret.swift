/// A text that must not be seen: whatever prints it prints `'…'`.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The text itself, for the one call that needs it.
  public let exposed: String

  public init(_ text: String) { exposed = text }

  public static let redaction = "'…'"

  public var description: String { Self.redaction }
  public var debugDescription: String { Self.redaction }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
