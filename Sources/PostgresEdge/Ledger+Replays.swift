import MeterModel

/// Events that were put in quarantine and are to be counted again: the owner of a partition asks for those of its own.
extension Ledger {
  /// At once, and bytes at once; a single event may be larger.
  private static let heldMax: Int32 = 1_000
  private static let heldBytesMax: Int64 = 8 << 20

  /// What is asked for and not yet done, the oldest first. It stays asked for until the flush that has it is committed.
  public func heldEvents(
    of partition: PartitionNumber, lane: Int, then: @escaping @Sendable (Result<HeldBatch, PostgresError>) -> Void
  ) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        select event, "offset", place, timestamp_ms, form, payload, header_name, header_value
        from meterd.replays_due($1, $2, $3)
        """, [.int4(partition.number), .int4(Self.heldMax), .int8(Self.heldBytesMax)], binary: true,
        timeoutMs: 120_000)
      return try Self.heldBatch(rows)
    } then: {
      then($0)
    }
  }

  /// Partitions of which somebody wants a replay. For a running daemon: on the pool, again and again.
  public static func wanted(
    on pool: Pool, then: @escaping @Sendable (Result<[TopicPartition], PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        select p.topic, p.number from meterd.partition p
        where exists (select from meterd.replay_request r where r.partition = p.id)
        """)
      return (0..<rows.count).map { row in
        TopicPartition(topic: rows.text(row, 0) ?? "", partition: Int32(rows.integer(row, 1) ?? 0))
      }
    } then: {
      then($0)
    }
  }

  /// A row for each header of an event; the payload is in the first of them.
  private static func heldBatch(_ rows: Rows) throws(PostgresError) -> HeldBatch {
    var held = HeldBatch()
    var bytes = 0
    for row in 0..<rows.count {
      guard let id = rows.binaryInteger(row, 0), let offset = rows.binaryInteger(row, 1),
        let place = rows.binaryInteger(row, 2), let timestamp = rows.binaryInteger(row, 3),
        let form = rows.binaryInteger(row, 4).flatMap({ HeldEvent.Form(rawValue: UInt8(truncatingIfNeeded: $0)) })
      else { throw .refused(state: "XX001", message: "an event in quarantine has no content") }
      if held.events.last?.id != id {
        let payload = rows.bytes(row, 5) ?? []
        held.events.append(HeldEvent(id: id, place: Int32(place), form: form))
        unsafe payload.withUnsafeBytes {
          unsafe held.batch.append(offset: offset, timestampMs: timestamp, value: form == .absent ? nil : $0)
        }
        bytes += payload.count
      }
      guard let name = rows.bytes(row, 6) else { continue }
      unsafe name.withUnsafeBytes { name in
        if let value = rows.bytes(row, 7) {
          unsafe value.withUnsafeBytes { unsafe held.batch.appendHeader(name: name, value: $0) }
        } else {
          unsafe held.batch.appendHeader(name: name, value: nil)
        }
      }
    }
    held.batch.close()
    // One more would perhaps have gone beyond the bound of bytes; asking once too often costs nothing.
    held.hasMore = held.events.count == Int(heldMax) || bytes > Int(heldBytesMax) / 2
    return held
  }
}
