import MeterModel
import TestStack

@testable import PostgresEdge

/// A migrated database of its own with a ledger on it, and calls that wait for their answer.
struct LedgerBench {
  let url: String
  let database: Database
  let ledger: Ledger

  /// `through` is where the ledger connects, when that is not the server itself. `cluster` is for a test that keeps transactions
  /// open, which would keep the changes of all others from being told.
  init(on cluster: PostgresCluster? = nil, through address: ((PostgresCluster) -> String)? = nil) throws {
    let cluster = if let cluster { cluster } else { try PostgresCluster.shared }
    url = try cluster.createDatabase("ledger")
    database = try Database(url)
    _ = try Schema.migrate(url)
    let name = url.split(separator: "/").last.map(String.init) ?? ""
    let target = address.map { "\($0(cluster))/\(name)?sslmode=disable&gssencmode=disable" } ?? url
    ledger = Ledger(
      pool: Pool(target: target, connections: 2, name: "test"), owner: "test", uniqueMax: 100, dedupeWindow: .hours(24))
    try database.execute(
      "insert into meterd.meter (name, event, aggregate, scale, dimensions) values ('calls', 'api.call', 'count', 0, '{region}')"
    )
  }

  func claim(_ log: TopicPartition = TopicPartition(topic: "t", partition: 0)) throws -> Ledger.Claim {
    try answer { then in ledger.claim(log, lane: 0) { then($0) } }.get()
  }

  func begin(_ claim: Ledger.Claim, at offset: Int64 = 0) throws -> Bool {
    try answer { then in ledger.begin(claim, at: offset, lane: 0) { then($0) } }.get()
  }

  func commit(_ flush: Flush, lane: Int = 0) -> Ledger.CommitOutcome {
    answer { then in ledger.commit(flush, lane: lane) { then($0) } }
  }

  func resolve(_ flush: Flush) -> Ledger.Resolution {
    answer { then in ledger.resolve(flush, lane: 1) { then($0) } }
  }

  func identities(_ claim: Ledger.Claim, since ms: Int64 = 0) throws -> [IdentityPage] {
    try answer { then in ledger.identities(of: claim.partition, since: ms, lane: 0) { then($0) } }.get()
  }

  func quantities() throws -> [[String?]] {
    try database.query("select tenant, dimensions->>'region', quantity, events from meterd.usage order by 1, 2")
  }

  private func answer<Answer: Sendable>(_ call: (@escaping @Sendable (Answer) -> Void) -> Void) -> Answer {
    Awaited.answer(call)
  }
}

extension Flush {
  /// A flush of ten events for one series.
  static func sample(
    _ claim: Ledger.Claim, from: Int64 = 0, to: Int64 = 10, number: Int64 = 1, tenant: String = "acme",
    region: String = "eu", quantity: Quantity = Quantity(units: 10, scale: 0)
  ) -> Flush {
    let key = SeriesKey(
      high: UInt64(bitPattern: Int64(tenant.hashValue)), low: UInt64(bitPattern: Int64(region.hashValue)))
    var verdicts = VerdictCounts()
    verdicts[.counted] = to - from
    var page = IdentityPage(generationEndMs: 7, baseOffset: from, baseWindow: 0)
    _ = page.append(IdentityPage.Entry(fingerprint: 42, offset: from, window: 0, content: 5, voided: false))
    var series = SeriesDefinitions()
    series.append(
      SeriesDefinition(
        key: key, tenant: Array(tenant.utf8), meter: MeterID(1), paths: ["region"], values: [Array(region.utf8)]))
    return Flush(
      number: number, partition: claim.partition, epoch: claim.epoch, range: OffsetRange(from: from, to: to),
      highWaterMs: 1_000,
      verdicts: verdicts,
      rollups: [RollupDelta(series: key, windowStartSeconds: 3_600, quantity: quantity, events: to - from)],
      series: series, identities: [page], forgetBeforeMs: 0, quarantined: [], conflicts: [])
  }
}
