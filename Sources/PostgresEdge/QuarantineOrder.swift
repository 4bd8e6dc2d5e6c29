import MeterModel

/// An operator's order to replay or to discard quarantined events. It is taken and written into the audit in one transaction; a
/// replay is then done by the partition's owner, whenever there is one.
public struct QuarantineOrder: Sendable {
  public enum Action: String, Sendable {
    case replay
    case discard
  }

  public enum Outcome: String, Sendable {
    case done
    case unknown
    /// It is in a state that this order does not change.
    case replayed
    case discarded
    /// A replay of it is asked for already.
    case askedFor = "asked for"
  }

  /// What has become of an event since a replay was asked for.
  public struct Standing: Sendable, Equatable {
    public var id: Int64
    public var isWaiting: Bool
    public var state: String
    public var reason: String
    public var detail: String
    /// Of its last replay: the verdict, and how many events it became.
    public var verdict: String?
    public var events: Int64?
  }

  public var action: Action
  public var events: [Int64]
  /// Who gives it.
  public var actor: String

  public init(_ action: Action, _ events: [Int64], actor: String) {
    self.action = action
    self.events = events
    self.actor = actor
  }

  /// In the order of `events`.
  public func carryOut(_ target: String) throws(Complaint) -> [(id: Int64, outcome: Outcome)] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(
        "select event, outcome from meterd.order_quarantined($1, $2, $3)",
        [.text(action.rawValue), .int8Array(events), .text(actor)], timeoutMs: 120_000)
      var outcomes: [(Int64, Outcome)] = []
      for row in 0..<rows.count {
        guard let id = rows.integer(row, 0), let outcome = rows.text(row, 1).flatMap(Outcome.init) else {
          throw .refused(state: "XX001", message: "meterd.order_quarantined has no answer")
        }
        outcomes.append((id, outcome))
      }
      return outcomes
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.order_quarantined")
    }
  }

  /// In the order of their ids.
  public static func standing(of events: [Int64], _ target: String) throws(Complaint) -> [Standing] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(
        """
        select q.id, exists (select from meterd.replay_request a where a.event = q.id), q.state, q.reason, q.detail,
          r.verdict, r.events
        from meterd.quarantine q
        left join lateral (
          select r.verdict, r.events from meterd.replay r where r.event = q.id order by r.settled_at desc limit 1
        ) as r on true
        where q.id = any($1) order by q.id
        """, [.int8Array(events)], timeoutMs: 120_000)
      return (0..<rows.count).map { row in
        Standing(
          id: rows.integer(row, 0) ?? 0, isWaiting: rows.text(row, 1) == "t", state: rows.text(row, 2) ?? "",
          reason: rows.text(row, 3) ?? "", detail: rows.text(row, 4) ?? "", verdict: rows.text(row, 5),
          events: rows.integer(row, 6))
      }
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.quarantine")
    }
  }
}
