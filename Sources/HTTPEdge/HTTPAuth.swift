/// Who may do what. `none` opens everything and is therefore accepted on a loopback address only.
public enum HTTPAuth: Sendable {
  case none
  /// The closure gets the bearer token, nil without one, and is called on the server's thread: it must answer from
  /// memory.
  case keys(authorize: @Sendable (String?, Scope) -> Access)
}
