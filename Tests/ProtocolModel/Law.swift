/// What must hold at every state (design, section 4).
public enum Law: String, Sendable {
  case counts = "the tables are not what the log has below the cursor"
  case tiles = "the journal has a gap or an overlap"
  case monotone = "the cursor falls"
  case durable = "a flush is acknowledged and not in the tables"
  case hint = "Kafka's offset passes the cursor"
  case rival = "a flush is refused although nobody else has claimed, and the partition is left with nobody"
  case live = "what is left can never be committed"
  /// Not a law, but worth knowing.
  case unaided = "the partition is left with nobody until the group happens to rebalance"

  /// A breach that a bill would show.
  public var isAboutTables: Bool { self == .counts || self == .tiles || self == .monotone }
}
