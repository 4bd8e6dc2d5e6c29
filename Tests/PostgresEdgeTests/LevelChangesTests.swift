import Foundation
import MeterModel
import TestStack
import Testing

@testable import PostgresEdge

/// Levels hold over windows in which nothing comes; `changes_since` tells of those as well.
@Suite struct LevelChangesTests {
  private static let hour: Int64 = 3_600

  /// A database with a level meter, one partition, and the hour that runs.
  private struct Stand {
    let bench: LedgerBench
    let claim: Ledger.Claim
    let present: Int64
    private var number: Int64 = 0

    init(hold: String = "null") throws {
      bench = try LedgerBench()
      try bench.database.execute(
        """
        insert into meterd.meter (name, event, aggregate, value_path, scale, dimensions, hold_nanoseconds)
        values ('disk', 'sample', 'time_weighted', 'gb', 3, '{}', \(hold))
        """)
      claim = try bench.claim()
      _ = try bench.begin(claim)
      present = Int64(try bench.database.scalar("select floor(extract(epoch from now()) / 3600)::bigint") ?? "") ?? 0
    }

    /// One sample, so many hours ago.
    mutating func sample(hoursAgo hours: Int64, level: Int128, series: UInt64 = 7) {
      number += 1
      let at = (present - hours) * hour + 60
      var flush = Flush.sample(claim, from: number, to: number + 1, number: number)
      flush.range.from = number - 1
      flush.range.to = number
      flush.verdicts = VerdictCounts()
      flush.verdicts[.counted] = 1
      let key = SeriesKey(high: series, low: series)
      flush.series = SeriesDefinitions([
        SeriesDefinition(key: key, tenant: Array("t\(series)".utf8), meter: MeterID(2), paths: [], values: [])
      ])
      flush.rollups = [
        RollupDelta(
          series: key, windowStartSeconds: (present - hours) * hour, merge: .samples,
          quantity: Quantity(units: 0, scale: 3),
          events: 1)
      ]
      flush.samples = [
        LevelSample(
          series: key, moment: .init(time: Instant(nanoseconds: at * 1_000_000_000), offset: number, place: 0),
          level: Quantity(units: level, scale: 3))
      ]
      flush.identities = []
      #expect(bench.commit(flush) == .committed)
    }

    func touch() throws {
      _ = try bench.database.scalar("select meterd.touch(\(claim.partition.number), \(claim.epoch.number))")
    }

    func expectAll(_ reader: inout ChangeReader) throws {
      try reader.readAll()
      #expect(try reader.differences(from: bench.database, endedOnly: true) == [])
    }
  }

  @Test func `a late sample tells of every window that it reaches into`() throws {
    var stand = try Stand()
    stand.sample(hoursAgo: 5, level: 2_000)
    var reader = ChangeReader(stand.bench.database)
    try stand.expectAll(&reader)
    #expect(reader.rows.count == 6)
    // Between the two only the windows up to the next sample change.
    stand.sample(hoursAgo: 2, level: 4_000)
    try stand.expectAll(&reader)
    let before = reader.seen
    stand.sample(hoursAgo: 4, level: 8_000)
    try stand.expectAll(&reader)
    #expect(reader.seen > before)
  }

  @Test func `the end of a window is told of every level that holds over it, window by window`() throws {
    var stand = try Stand()
    stand.sample(hoursAgo: 0, level: 2_000)
    stand.sample(hoursAgo: 0, level: 3_000, series: 8)
    var reader = ChangeReader(stand.bench.database)
    try reader.readAll()
    #expect(reader.rows.count == 2)
    // As if the last commit, and the samples, had been a hundred hours ago.
    try stand.bench.database.execute(
      """
      update meterd.level_sample set at = at - 100 * 3600000000000;
      update meterd.rollup set window_start = window_start - interval '100 hours' where merge = 5;
      update meterd.change set windows = array(select w - interval '100 hours' from unnest(windows) w);
      update meterd.partition set levels_carried = levels_carried - 100, committed_at = committed_at - interval '100 hours'
      """)
    reader = ChangeReader(stand.bench.database)
    try stand.touch()
    try stand.touch()
    #expect(try stand.bench.database.scalar("select count(*) from meterd.level_due") == "0")
    try stand.expectAll(&reader)
    #expect(reader.rows.count == 202)
    let told = reader.seen
    try stand.touch()
    try reader.readAll()
    #expect(reader.seen == told)
  }

  @Test func `a level that holds no more is told of no more`() throws {
    var stand = try Stand(hold: "7200000000000")
    stand.sample(hoursAgo: 9, level: 2_000)
    var reader = ChangeReader(stand.bench.database)
    try stand.expectAll(&reader)
    #expect(reader.rows.count == 3)
    try stand.bench.database.execute("update meterd.partition set levels_carried = levels_carried - 1")
    try stand.touch()
    #expect(try stand.bench.database.scalar("select count(*) from meterd.level_due") == "0")
    let told = reader.seen
    try reader.readAll()
    #expect(reader.seen == told)
  }
}
