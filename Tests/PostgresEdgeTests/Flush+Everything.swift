import MeterModel
import TestStack

@testable import PostgresEdge

extension LedgerBench {
  /// A level, which is held for an hour so that it does not reach from 1970 until now, and a meter of distinct values, beside the one that
  /// counts.
  func addMeters() throws {
    try database.execute(
      """
      insert into meterd.meter (name, event, aggregate, value_path, scale, dimensions, hold_nanoseconds)
      values ('disk', 'sample', 'time_weighted', 'gb', 3, '{}', 3600000000000), ('users', 'login', 'unique', 'id', 0, '{}', null)
      """)
  }

  func quarantinedID() throws -> Int64 {
    Int64(try database.scalar("select min(id) from meterd.quarantine") ?? "") ?? 0
  }
}

extension Flush {
  private static let hour: Int64 = 3_600

  /// Twenty events with something in every table, and everything adds up: eleven calls of which one is voided, two samples, three
  /// logins of two people, a duplicate, a conflict, and an event that is quarantined.
  static func everything(_ claim: Ledger.Claim) -> Flush {
    let (calls, disk, users) = (SeriesKey(high: 1, low: 1), SeriesKey(high: 2, low: 2), SeriesKey(high: 3, low: 3))
    var verdicts = VerdictCounts()
    verdicts[.counted] = 16
    verdicts[.voided] = 1
    verdicts[.duplicate] = 1
    verdicts[.conflict] = 1
    verdicts[.quarantined] = 1
    var page = IdentityPage(generationEndMs: 2_000, baseOffset: 0, baseWindow: 0)
    for offset in 0..<17 as Range<Int64> {
      _ = page.append(
        .init(fingerprint: UInt64(offset) &* 77 &+ 5, offset: offset, window: 1, content: 3, voided: false))
    }
    _ = page.append(.init(fingerprint: 5, offset: 0, window: 1, content: 3, voided: true))
    func definition(_ key: SeriesKey, _ meter: Int32, _ values: [String]) -> SeriesDefinition {
      SeriesDefinition(
        key: key, tenant: Array("acme".utf8), meter: MeterID(meter), paths: values.isEmpty ? [] : ["region"],
        values: values.map { Array($0.utf8) })
    }
    func moment(_ second: Int64) -> RollupDelta.Moment {
      .init(time: Instant(nanoseconds: (hour + second) * 1_000_000_000), offset: second, place: 0)
    }
    let none = Quantity(units: 0, scale: 0)
    return Flush(
      number: 1, partition: claim.partition, epoch: claim.epoch, range: OffsetRange(from: 0, to: 20),
      highWaterMs: 1_000,
      verdicts: verdicts,
      rollups: [
        RollupDelta(
          series: calls, group: 9, windowStartSeconds: hour, quantity: Quantity(units: 10, scale: 0), events: 10),
        RollupDelta(
          series: disk, windowStartSeconds: hour, merge: .samples, quantity: Quantity(units: 0, scale: 3), events: 2),
        RollupDelta(series: users, windowStartSeconds: hour, merge: .unique, quantity: none, events: 3),
      ],
      samples: [10, 20].map { LevelSample(series: disk, moment: moment($0), level: Quantity(units: 2_000, scale: 3)) },
      values: [1, 2].map {
        DistinctValue(series: users, windowStartSeconds: hour, value: SeriesKey(high: $0, low: $0))
      },
      series: SeriesDefinitions([definition(calls, 1, ["eu"]), definition(disk, 2, []), definition(users, 3, [])]),
      identities: [page], forgetBeforeMs: 0,
      quarantined: [
        QuarantinedEvent(
          offset: 5, place: 0, reason: .badValue, detail: "no number", timestampMs: 900, payload: Array("{}".utf8),
          headers: [
            .init(name: Array("a".utf8), value: Array("b".utf8)), .init(name: Array("ce_\"\u{E9}".utf8), value: nil),
          ])
      ],
      conflicts: [
        Conflict(tenant: Array("acme".utf8), source: [0x2F], id: [0x31], firstOffset: 1, offset: 2)
      ])
  }

  /// The quarantined event of `first` is counted as a call, with nothing new in the log.
  static func replay(of id: Int64, behind first: Flush, number: Int64 = 2) -> Flush {
    var verdicts = VerdictCounts()
    verdicts[.counted] = 1
    var page = IdentityPage(generationEndMs: 2_000, baseOffset: 0, baseWindow: 0)
    _ = page.append(.init(fingerprint: 1 << 40, offset: 5, window: 1, content: 3, voided: false))
    var flush = Flush(
      number: number, partition: first.partition, epoch: first.epoch,
      range: OffsetRange(from: first.range.to, to: first.range.to), highWaterMs: first.highWaterMs, verdicts: verdicts,
      rollups: [
        RollupDelta(
          series: first.series[0].key, group: 9, windowStartSeconds: hour, quantity: Quantity(units: 1, scale: 0),
          events: 1)
      ], series: SeriesDefinitions(), identities: [page], forgetBeforeMs: 0, quarantined: [], conflicts: [],
      replays: [Replay(id: id, verdicts: verdicts)])
    flush.verdicts[.quarantined] = -1
    return flush
  }
}
