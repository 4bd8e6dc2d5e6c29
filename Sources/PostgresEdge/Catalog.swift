import MeterModel
import MeterTelemetry

/// The catalog as PostgreSQL has it: what daemons count by, and what `meterd apply` changes.
public final class Catalog: Sendable {
  /// What every daemon of an installation shares.
  public struct Installation: Sendable, Equatable {
    public var seed: UInt64
    public var window: TimeSpan
    public var hasData: Bool
  }

  /// What `apply` does to one entry.
  public struct Change: Sendable, Equatable {
    public enum Outcome: String, Sendable {
      case added, changed, kept, refused
    }

    /// `meter`, `plan`, `add-on`, `tenant` or `subscription`.
    public var section: String
    public var name: String
    public var outcome: Outcome
    /// Of what was refused, or changed: the field.
    public var field: String?
    public var problem: String?

    public init(section: String, name: String, outcome: Outcome, field: String? = nil, problem: String? = nil) {
      (self.section, self.name, self.outcome, self.field, self.problem) = (section, name, outcome, field, problem)
    }
  }

  /// What the periods of a subscription come from, as it stands in the database.
  public struct Terms: Sendable, Equatable {
    public var subscription: String
    public var timeZone: String
    public var startsAt: Instant
    public var endsAt: Instant?
    /// The plan's and the subscription's own, as they were written.
    public var trials: [String]
    /// The window of the installation; of the configuration while nothing was counted.
    public var window: TimeSpan
  }

  private let target: String
  /// "catalog" as a number; nobody else locks by it.
  private static let applyMs = 600_000
  private static let lock: Int64 = 0x63_6174_616C_6F67

  public init(target: String) { self.target = target }

  /// The installation's row; takes over the configured window while nothing was counted yet.
  public func installation(window: TimeSpan) throws(Complaint) -> Installation {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      _ = try connection.execute(
        """
        update meterd.installation set window_length = make_interval(secs => $1::bigint)
        where window_length <> make_interval(secs => $1::bigint) and not exists (select from meterd.rollup)
        """, [.int8(window.seconds)])
      let rows = try connection.execute(
        """
        select seed, extract(epoch from window_length)::bigint, exists (select from meterd.rollup) from meterd.installation
        """)
      guard rows.count == 1, let seed = rows.integer(0, 0), let seconds = rows.integer(0, 1) else {
        throw .refused(state: "P0002", message: "meterd.installation has no row")
      }
      return Installation(
        seed: UInt64(bitPattern: seed), window: .seconds(seconds), hasData: rows.text(0, 2) == "t")
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.installation")
    }
  }

  public func meters() throws(Complaint) -> [Meter] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      return try Self.meters(connection)
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.meter")
    }
  }

  /// For a running daemon: on the pool, and again and again. A server that answers and takes no writes is no answer: nothing could be
  /// committed there, and another host of the URL may be the one.
  public static func meters(
    on pool: Pool, then: @escaping @Sendable (Result<[Meter], PostgresError>) -> Void
  ) {
    pool.submit(lane: 0) { connection throws(PostgresError) in
      if try connection.execute("select current_setting('transaction_read_only')").text(0, 0) == "on" {
        throw .refused(state: "25006", message: "the server takes no writes: it is a standby, or set to be read-only")
      }
      return try meters(connection)
    } then: {
      then($0)
    }
  }

  /// Makes a catalog so, all of it or nothing, and says what becomes of each entry. Where one is refused, or nothing is meant to change,
  /// everything stays as it was. `refused` looks at the terms of all subscriptions that changed, or whose tenant did.
  public func apply(
    _ contents: CatalogContents, actor: String, source: String, dryRun: Bool, window: TimeSpan, zones: String = "",
    refused: ([Terms]) -> [Change] = { _ in [] }
  ) throws(Complaint) -> [Change] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      // One at a time; a lock of a table would ask for the right to alter it, which nobody has.
      try connection.script("begin; select pg_advisory_xact_lock(\(Self.lock))")
      let rows = try connection.execute(
        "select section, name, outcome, field, problem from meterd.apply_catalog($1, $2, $3::jsonb)",
        [.text(actor), .text(source), .text(CatalogDocument(contents).text)], timeoutMs: Self.applyMs)
      var changes: [Change] = []
      for row in 0..<rows.count {
        guard let section = rows.text(row, 0), let name = rows.text(row, 1),
          let outcome = rows.text(row, 2).flatMap(Change.Outcome.init)
        else { throw .refused(state: "XX001", message: "meterd.apply_catalog has no answer") }
        changes.append(
          Change(section: section, name: name, outcome: outcome, field: rows.text(row, 3), problem: rows.text(row, 4)))
      }
      let wereRefused = changes.contains { $0.outcome == .refused }
      if !wereRefused { changes += refused(try Self.terms(connection, of: changes, window)) }
      let isRefused = changes.contains { $0.outcome == .refused }
      let isChanged = changes.contains { $0.outcome == .added || $0.outcome == .changed }
      if isChanged, !isRefused, !dryRun {
        _ = try connection.execute(
          "select meterd.note_catalog($1, $2, $3::jsonb)",
          [.text(actor), .text(source), .text(Self.detail(changes, zones))])
      }
      try connection.script(dryRun || isRefused ? "rollback" : "commit")
      return changes
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.apply_catalog")
    }
  }

  private static func terms(
    _ connection: borrowing Connection, of changes: [Change], _ window: TimeSpan
  ) throws(PostgresError) -> [Terms] {
    func names(_ section: String) -> String {
      var json = JSONText()
      json.array { json in
        for change in changes where change.section == section && change.outcome != .kept { json.string(change.name) }
      }
      return String(decoding: json.bytes, as: UTF8.self)
    }
    let rows = try connection.execute(
      """
      select s.id, t.time_zone, extract(epoch from s.starts_at)::bigint, extract(epoch from s.ends_at)::bigint,
        p.content ->> 'trial', s.trial,
        case when exists (select from meterd.rollup) then extract(epoch from i.window_length)::bigint else $3::bigint end
      from meterd.subscription s join meterd.tenant t on t.id = s.tenant join meterd.plan p on p.id = s.plan
      cross join meterd.installation i
      where s.id in (select jsonb_array_elements_text($1::jsonb)) or s.tenant in (select jsonb_array_elements_text($2::jsonb))
      order by s.id
      """, [.text(names("subscription")), .text(names("tenant")), .int8(window.seconds)])
    return (0..<rows.count).compactMap { row in
      guard let id = rows.text(row, 0), let zone = rows.text(row, 1), let start = rows.integer(row, 2),
        let window = rows.integer(row, 6)
      else { return nil }
      return Terms(
        subscription: id, timeZone: zone, startsAt: Instant(nanoseconds: TimeSpan.seconds(start).nanoseconds),
        endsAt: rows.integer(row, 3).map { Instant(nanoseconds: TimeSpan.seconds($0).nanoseconds) },
        trials: [rows.text(row, 4), rows.text(row, 5)].compactMap(\.self), window: .seconds(window))
    }
  }

  /// Names by section and outcome, without what was kept.
  private static func detail(_ changes: [Change], _ zones: String) -> String {
    var json = JSONText()
    json.object { json in
      if !zones.isEmpty { json.member("tzdata", zones) }
      for outcome in [Change.Outcome.added, .changed] {
        json.name(outcome.rawValue)
        json.array { json in
          for change in changes where change.outcome == outcome { json.string("\(change.section) \(change.name)") }
        }
      }
    }
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private static func meters(_ connection: borrowing Connection) throws(PostgresError) -> [Meter] {
    let rows = try connection.execute(
      """
      select m.id, m.name, m.event, m.aggregate, m.value_path, m.scale, m.unit, m.hold_nanoseconds, d.path
      from meterd.meter m left join lateral unnest(m.dimensions) with ordinality d (path, place) on true
      order by m.id, d.place
      """)
    var meters: [Meter] = []
    for row in 0..<rows.count {
      guard let id = rows.integer(row, 0), let name = rows.text(row, 1), let event = rows.text(row, 2),
        let aggregate = rows.text(row, 3).flatMap(MeterDefinition.Aggregate.init), let scale = rows.integer(row, 5)
      else { throw .refused(state: "MT011", message: "a meter in the catalog is not one of this build's") }
      if meters.last?.id.number != Int32(id) {
        meters.append(
          Meter(
            id: MeterID(Int32(id)),
            definition: MeterDefinition(
              name: name, event: event, aggregate: aggregate, value: rows.text(row, 4), scale: Int(scale),
              dimensions: [],
              unit: rows.text(row, 6), hold: rows.integer(row, 7).map { TimeSpan(nanoseconds: $0) })))
      }
      if let path = rows.text(row, 8) { meters[meters.count - 1].definition.dimensions.append(path) }
    }
    return meters
  }
}
