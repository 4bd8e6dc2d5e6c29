/// What a daemon may ask of the server, at most one at a time.
enum Request: UInt8 {
  case none, claim, begin, restore, commit, resolve

  /// Whether it matters when a server comes to it long after the connection broke.
  var isLasting: Bool { self == .claim || self == .begin || self == .commit }
}
