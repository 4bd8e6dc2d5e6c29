/// Where a replay takes its records from, in their order. Used by one thread.
public protocol RecordSource {
  /// Nil at the end, and from then on.
  mutating func next() throws(LabError) -> ReplayedRecord?
}
