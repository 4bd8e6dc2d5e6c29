/// What can go wrong between us and the server, by what it means for a transaction under way.
public enum PostgresError: Error, Sendable, Equatable {
  /// No connection came about: nothing was sent.
  case unreachable(String)
  /// The server answered with an error: the transaction did not happen.
  case refused(state: String, message: String)
  /// The connection broke, or the answer did not come in time: the transaction may have happened.
  case lost(String)

  /// One line for the log; server messages name tables and columns, never payloads, because none is sent as text.
  public var words: String {
    switch self {
    case .unreachable(let why): "unreachable: \(why)"
    case .refused(let state, let message): "\(state) \(message)"
    case .lost(let why): "connection lost: \(why)"
    }
  }

  public var isMissingSchema: Bool {
    if case .refused("3F000", _) = self { return true }
    if case .refused("42P01", _) = self { return true }
    return false
  }

  /// The server takes no writes: it is a standby, or was told so.
  public var isReadOnly: Bool {
    if case .refused("25006", _) = self { return true }
    return false
  }

  public var isNotPermitted: Bool {
    if case .refused(let state, _) = self { return state == "42501" || state.hasPrefix("28") }
    return false
  }
}
