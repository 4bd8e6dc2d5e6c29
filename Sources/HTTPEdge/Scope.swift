/// What a request needs of its key. `open` needs none.
public enum Scope: String, Sendable, CaseIterable {
  case open
  case ingest
  case check
  case read
  case admin
}
