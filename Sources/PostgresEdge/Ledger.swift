import MeterModel

/// Where counts become durable: claims, flushes and what is needed to go on after either.
///
/// Every call returns at once and answers on a queue of the pool. What an answer means for the transaction is in its type; the
/// partition's round decides what follows.
public final class Ledger: Sendable {
  public struct Claim: Sendable, Equatable {
    public var partition: PartitionNumber
    public var epoch: Epoch
    /// Nil when nobody has read the partition yet.
    public var next: Int64?
    public var highWaterMs: Int64
    /// Where the newest window begins in which anything was ever counted, nil if nothing was.
    public var newestWindowSeconds: Int64?
    public var halted: String?
    /// Sessions of earlier owners that held the partition and were ended.
    public var ended: [String] = []
  }

  public enum CommitOutcome: Sendable, Equatable {
    case committed
    /// Another owner has the partition; nothing was written.
    case refused
    /// Refused for now. Nothing was written, or all of it by a commit behind which the server failed: sending it again is safe in both cases.
    case retriable(String)
    case unknown(String)
  }

  public enum Resolution: Sendable, Equatable {
    case committed
    case absent
    case refused
    case unknown(String)
  }

  let pool: Pool
  let owner: String
  private let uniqueMax: Int64
  /// How much of a partition's time the identities of one room span.
  private let roomMs: Int64

  /// `uniqueMax` bounds the values of a unique meter that are kept for a series and window in one partition.
  public init(pool: Pool, owner: String, uniqueMax: Int, dedupeWindow: TimeSpan) {
    self.pool = pool
    self.owner = owner
    self.uniqueMax = Int64(uniqueMax)
    roomMs = max(1, dedupeWindow.milliseconds / 4)
  }

  /// Writes the first cursor of a partition that nobody has read. False when the partition is no longer ours.
  public func begin(
    _ claim: Claim, at offset: Int64, lane: Int, then: @escaping @Sendable (Result<Bool, PostgresError>) -> Void
  ) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        update meterd.partition set next_offset = coalesce(next_offset, $3) where id = $1 and epoch = $2 returning next_offset
        """, [.int4(claim.partition.number), .int8(claim.epoch.number), .int8(offset)])
      return rows.count == 1 && rows.integer(0, 0) == offset
    } then: {
      then($0)
    }
  }

  /// Identities that are still remembered, oldest generation first.
  public func identities(
    of partition: PartitionNumber, since ms: Int64, lane: Int,
    then: @escaping @Sendable (Result<[IdentityPage], PostgresError>) -> Void
  ) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        select generation_end, base_offset, base_window, entries from meterd.identity_page where partition = $1 and generation_end >= $2
        order by generation_end, base_offset
        """, [.int4(partition.number), .int8(ms)], binary: true, timeoutMs: 120_000)
      var pages: [IdentityPage] = []
      for row in 0..<rows.count {
        guard let end = rows.binaryInteger(row, 0), let base = rows.binaryInteger(row, 1),
          let window = rows.binaryInteger(row, 2), let entries = rows.bytes(row, 3)
        else { throw .refused(state: "XX001", message: "an identity page has no content") }
        pages.append(IdentityPage(generationEndMs: end, baseOffset: base, baseWindow: Int32(window), bytes: entries))
      }
      return pages
    } then: {
      then($0)
    }
  }

  /// What is committed of windows that the core does not have in memory.
  public func storedSums(
    of partition: PartitionNumber, _ keys: [ColdKey], _ windows: WindowGrid, lane: Int,
    then: @escaping @Sendable (Result<[StoredSum], PostgresError>) -> Void
  ) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        "select place, series, quantity from meterd.stored_sums($1, $2, $3, $4)",
        [
          .int4(partition.number), .int8Array(keys.map { Int64(bitPattern: $0.group) }), .uuidArray(keys.map(\.series)),
          .timestamptzArray(seconds: keys.map { windows.startSeconds(of: $0.window) }),
        ], binary: true, timeoutMs: 120_000)
      var sums: [StoredSum] = []
      for row in 0..<rows.count {
        guard let place = rows.binaryInteger(row, 0), let series = rows.seriesKey(row, 1) else { throw Self.noSum }
        sums.append(StoredSum(key: keys[Int(place) - 1], series: series, units: try Self.units(rows, row, 2)))
      }
      return sums
    } then: {
      then($0)
    }
  }

  /// All that is committed of the newest windows, as far back as there are no more rows than that; nothing if the newest alone has more.
  public func recentSums(
    of partition: PartitionNumber, rowsMax: Int, _ windows: WindowGrid, lane: Int,
    then: @escaping @Sendable (Result<[StoredSum], PostgresError>) -> Void
  ) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        """
        select extract(epoch from window_start)::bigint, member_of, series, quantity from meterd.recent_sums($1, $2)
        """, [.int4(partition.number), .int8(Int64(rowsMax))], binary: true, timeoutMs: 120_000)
      var sums: [StoredSum] = []
      sums.reserveCapacity(rows.count)
      for row in 0..<rows.count {
        guard let seconds = rows.binaryInteger(row, 0), let group = rows.binaryInteger(row, 1),
          let series = rows.seriesKey(row, 2)
        else { throw Self.noSum }
        let window = windows.number(of: Instant(saturatingMilliseconds: seconds * 1_000))
        let key =
          group != 0
          ? ColdKey(group: UInt64(bitPattern: group), window: window) : ColdKey(series: series, window: window)
        sums.append(StoredSum(key: key, series: series, units: try Self.units(rows, row, 3)))
      }
      return sums
    } then: {
      then($0)
    }
  }

  private static let noSum = PostgresError.refused(state: "XX001", message: "a stored sum has no content")

  /// Null for what does not add up.
  private static func units(_ rows: Rows, _ row: Int, _ column: Int) throws(PostgresError) -> Int128 {
    guard !rows.isNull(row, column) else { return 0 }
    guard let units = rows.units(row, column) else { throw noSum }
    return units
  }

  public func commit(_ flush: Flush, lane: Int, then: @escaping @Sendable (CommitOutcome) -> Void) {
    pool.submit(lane: lane) { [uniqueMax, roomMs] connection throws(PostgresError) in
      try connection.execute(FlushCall.sql, FlushCall.parameters(of: flush, uniqueMax: uniqueMax, roomMs: roomMs)).text(
        0, 0)
    } then: { answer in
      switch answer {
      case .success("committed"): then(.committed)
      case .success: then(.refused)
      case .failure(.lost(let why)): then(.unknown(why))
      case .failure(let error): then(.retriable(error.words))
      }
    }
  }

  /// Says that an idle partition is as far as it was, now: levels over time are integrated up to the last commit.
  public func touch(_ claim: Claim, lane: Int) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      try connection.execute(
        "select meterd.touch($1, $2)", [.int4(claim.partition.number), .int8(claim.epoch.number)]
      ).count
    } then: { _ in
      // A failure costs nothing: the next touch says more.
    }
  }

  /// Asks the cursor row, under its lock, what became of a flush whose answer was lost.
  public func resolve(_ flush: Flush, lane: Int, then: @escaping @Sendable (Resolution) -> Void) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        "select epoch, next_offset, last_flush from meterd.partition where id = $1 for update",
        [.int4(flush.partition.number)])
      guard rows.count == 1, rows.integer(0, 0) == flush.epoch.number else { return Resolution.refused }
      if rows.integer(0, 2) == flush.number, rows.integer(0, 1) == flush.range.to { return .committed }
      return rows.integer(0, 1) == flush.range.from ? .absent : .refused
    } then: { answer in
      switch answer {
      case .success(let resolution): then(resolution)
      case .failure(let error): then(.unknown(error.words))
      }
    }
  }

  /// Records why a partition is not read any more; it stays so until an operator decides.
  public func halt(
    _ claim: Claim, reason: String, lane: Int, then: @escaping @Sendable (Result<Bool, PostgresError>) -> Void
  ) {
    pool.submit(lane: lane) { connection throws(PostgresError) in
      let rows = try connection.execute(
        "update meterd.partition set halted = $3 where id = $1 and epoch = $2 returning id",
        [.int4(claim.partition.number), .int8(claim.epoch.number), .text(reason)])
      return rows.count == 1
    } then: {
      then($0)
    }
  }
}
