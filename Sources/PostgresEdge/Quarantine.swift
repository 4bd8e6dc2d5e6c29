import MeterModel

/// Events that could not be counted, as the view `meterd.quarantine` has them.
public struct Quarantine: Sendable {
  public enum State: String, Sendable, CaseIterable {
    case held
    case replayed
    case discarded
  }

  public struct Row: Sendable {
    public var id: Int64
    public var log: TopicPartition
    public var offset: Int64
    public var reason: String
    public var detail: String
    /// RFC 3339.
    public var receivedAt: String
    public var state: String
    public var payloadBytes: Int64
  }

  /// The whole of one event.
  public struct Content: Sendable {
    public var row: Row
    public var payload: [UInt8]
    /// Names, and values as base64.
    public var headers: [(name: String, value: String?)]
    /// Whether a replay is asked for.
    public var isAskedFor: Bool

    public var payloadBase64: String { Base64.encode(payload) }
  }

  /// Which events are meant; what is nil does not matter.
  public var state: State?
  public var reason: String?
  public var topic: String?
  public var partition: Int32?
  public var countMax: Int64?

  public init(
    state: State? = nil, reason: String? = nil, topic: String? = nil, partition: Int32? = nil, countMax: Int64? = nil
  ) {
    self.state = state
    self.reason = reason
    self.topic = topic
    self.partition = partition
    self.countMax = countMax
  }

  private static let columns = """
    id, topic, partition, "offset", reason, detail, to_char(received_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), state,
      octet_length(payload)
    """

  /// In the order in which they came.
  public func list(_ target: String) throws(Complaint) -> [Row] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(
        """
        select \(Self.columns) from meterd.quarantine
        where ($1::text is null or state = $1) and ($2::text is null or reason = $2) and ($3::text is null or topic = $3)
          and ($4::bigint is null or partition = $4)
        order by id limit $5
        """,
        [.text(state?.rawValue), .text(reason), .text(topic), .int8(partition.map(Int64.init)), .int8(countMax)],
        timeoutMs: 120_000)
      return (0..<rows.count).map { Self.row(rows, $0) }
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.quarantine")
    }
  }

  /// Nil when there is no such event.
  public static func content(of id: Int64, _ target: String) throws(Complaint) -> Content? {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(
        """
        select \(columns), encode(payload, 'hex'), exists (select from meterd.replay_request r where r.event = q.id)
        from meterd.quarantine q where id = $1
        """, [.int8(id)])
      guard rows.count == 1 else { return nil }
      let headers = try connection.execute(
        """
        select h.pair ->> 0, h.pair ->> 1
        from meterd.quarantine q cross join lateral jsonb_array_elements(q.headers) with ordinality as h (pair, place)
        where q.id = $1 order by h.place
        """, [.int8(id)])
      return Content(
        row: row(rows, 0), payload: bytes(hex: rows.bytes(0, 9) ?? []),
        headers: (0..<headers.count).map { (headers.text($0, 0) ?? "", headers.text($0, 1)) },
        isAskedFor: rows.text(0, 10) == "t")
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.quarantine")
    }
  }

  private static func row(_ rows: Rows, _ row: Int) -> Row {
    Row(
      id: rows.integer(row, 0) ?? 0,
      log: TopicPartition(topic: rows.text(row, 1) ?? "", partition: Int32(rows.integer(row, 2) ?? 0)),
      offset: rows.integer(row, 3) ?? 0, reason: rows.text(row, 4) ?? "", detail: rows.text(row, 5) ?? "",
      receivedAt: rows.text(row, 6) ?? "", state: rows.text(row, 7) ?? "", payloadBytes: rows.integer(row, 8) ?? 0)
  }

  private static func bytes(hex: [UInt8]) -> [UInt8] {
    func digit(_ letter: UInt8) -> UInt8 { letter < 0x3A ? letter - 0x30 : letter - 0x57 }
    return stride(from: 0, to: hex.count - 1, by: 2).map { digit(hex[$0]) << 4 | digit(hex[$0 + 1]) }
  }
}
