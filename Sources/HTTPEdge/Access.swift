/// What a key, or its absence, is worth for a scope.
public enum Access: Sendable, Equatable {
  case granted
  /// No key, or one that nobody knows: 401.
  case unknown
  /// A known key without the scope: 403.
  case denied
}
