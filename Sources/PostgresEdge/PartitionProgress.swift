import MeterModel

/// A row of `meterd.progress`: how far a partition is, and why it is not read where it is not.
public struct PartitionProgress: Sendable, Equatable {
  public var log: TopicPartition
  /// Nil until a daemon has seen where the log begins.
  public var cursor: Int64?
  public var epoch: Int64
  public var owner: String?
  /// RFC 3339.
  public var completeThrough: String?
  public var committedAt: String?
  public var halted: String?

  /// In the order of topics and numbers.
  public static func list(
    _ target: String, topic: String? = nil, partition: Int32? = nil, haltedOnly: Bool
  ) throws(Complaint) -> [PartitionProgress] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let instant = "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"
      let rows = try connection.execute(
        """
        select topic, partition, next_offset, epoch, owner, to_char(complete_through, \(instant)),
          to_char(committed_at, \(instant)), halted
        from meterd.progress
        where ($1::text is null or topic = $1) and ($2::bigint is null or partition = $2)
          and ($3::bigint = 0 or halted is not null)
        order by topic, partition
        """, [.text(topic), .int8(partition.map(Int64.init)), .int8(haltedOnly ? 1 : 0)])
      return (0..<rows.count).map { row in
        PartitionProgress(
          log: TopicPartition(topic: rows.text(row, 0) ?? "", partition: Int32(rows.integer(row, 1) ?? 0)),
          cursor: rows.integer(row, 2), epoch: rows.integer(row, 3) ?? 0, owner: rows.text(row, 4),
          completeThrough: rows.text(row, 5), committedAt: rows.text(row, 6), halted: rows.text(row, 7))
      }
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.progress")
    }
  }

  /// Which of these halted partitions an operator has let go on. For a running daemon: on the pool, again and again.
  public static func lifted(
    among halted: [TopicPartition], on pool: Pool,
    then: @escaping @Sendable (Result<[TopicPartition], PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        select p.topic, p.number from meterd.partition p
        join unnest($1::text[], $2::integer[]) as t (topic, number) using (topic, number) where p.halted is null
        """, [.textArray(halted.map(\.topic)), .int4Array(halted.map(\.partition))])
      return (0..<rows.count).map { row in
        TopicPartition(topic: rows.text(row, 0) ?? "", partition: Int32(rows.integer(row, 1) ?? 0))
      }
    } then: {
      then($0)
    }
  }
}
