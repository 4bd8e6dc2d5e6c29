/// What PostgreSQL has of the partition. Epochs are not here: all that is ever asked of one is whether it is the newest, and that
/// stands with who has it.
struct Row {
  static let unset: UInt8 = 0xFF

  /// Nothing is committed at or behind it; unset until a daemon has seen where the log begins.
  var next = Self.unset
  /// Number of the last flush within the epoch.
  var lastFlush: UInt8 = 0
  /// Rollups, verdicts and identities; `to` is where the journal ends.
  var written = Counts()
  /// Kafka's committed offset. Kept only where somebody reads it.
  var hint: UInt8 = 0

  var start: UInt8 { next == Self.unset ? 0 : next }
}
