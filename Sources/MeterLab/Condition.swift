/// What a consumer of the stream should make of an event.
public enum Condition: Sendable, Equatable {
  /// Well-formed, its time within seconds of the record's.
  case punctual
  /// Well-formed, its time hours to days before the record's, and less than 35 days.
  case late
  /// The bytes of an earlier well-formed event again, under the same key.
  case duplicate
  case malformed(Flaw)
}
