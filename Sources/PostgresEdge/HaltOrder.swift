import MeterModel

/// An operator's order that a halted partition go on. It is carried out and written into the audit in one transaction.
public struct HaltOrder: Sendable {
  public var log: TopicPartition
  /// Where the operator saw the cursor; when it is elsewhere by now, nothing happens.
  public var seen: Int64?
  /// From where to go on; nil is from the cursor.
  public var offset: Int64?
  /// Who gives it.
  public var actor: String

  public init(log: TopicPartition, seen: Int64?, offset: Int64?, actor: String) {
    self.log = log
    self.seen = seen
    self.offset = offset
    self.actor = actor
  }

  public enum Outcome: String, Sendable {
    case lifted
    /// Nobody has ever read such a partition.
    case unknown
    case notHalted = "not halted"
    /// The cursor is not where it was seen.
    case moved
  }

  public func carryOut(_ target: String) throws(Complaint) -> Outcome {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(
        "select meterd.lift_halt($1, $2, $3, $4, $5)",
        [.text(log.topic), .int4(log.partition), .int8(seen), .int8(offset), .text(actor)])
      guard let outcome = rows.text(0, 0).flatMap(Outcome.init) else {
        throw .refused(state: "XX001", message: "meterd.lift_halt has no answer")
      }
      return outcome
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.lift_halt")
    }
  }
}
