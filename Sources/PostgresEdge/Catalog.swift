import MeterModel
import MeterTelemetry

/// The catalog as PostgreSQL has it: what daemons count by, and what `meterd apply` changes.
public final class Catalog: Sendable {
  /// What every daemon of an installation shares.
  public struct Installation: Sendable, Equatable {
    public var seed: UInt64
    public var window: TimeSpan
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

  private let target: String
  static let applyMs = 600_000
  /// "catalog" as a number; nobody else locks by it.
  static let lock: Int64 = 0x63_6174_616C_6F67

  public init(target: String) { self.target = target }

  /// The installation's row; takes over the configured window while nothing was counted and no period was laid by another.
  public func installation(window: TimeSpan) throws(Complaint) -> Installation {
    let connection = try Schema.connect(target)
    let installation: Installation
    do throws(PostgresError) {
      _ = try connection.execute(
        """
        update meterd.installation set window_length = make_interval(secs => $1::bigint)
        where window_length <> make_interval(secs => $1::bigint)
          and not exists (select from meterd.rollup) and not exists (select from meterd.period)
        """, [.int8(window.seconds)])
      let rows = try connection.execute(
        "select seed, extract(epoch from window_length)::bigint from meterd.installation")
      guard rows.count == 1, let seed = rows.integer(0, 0), let seconds = rows.integer(0, 1) else {
        throw .refused(state: "P0002", message: "meterd.installation has no row")
      }
      installation = Installation(seed: UInt64(bitPattern: seed), window: .seconds(seconds))
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.installation")
    }
    guard installation.window == window else {
      throw Complaint(
        .configuration, at: "config: rollup.window",
        "is \(window.seconds) s, but the data has windows of \(installation.window.seconds) s",
        remedy: "windows are fixed once data or periods exist; set it back")
    }
    return installation
  }

  /// Moves with each change, also with those that the clock brings.
  public func version() throws(Complaint) -> Int64 {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      return try connection.execute("select version from meterd.catalog_version").integer(0, 0) ?? 0
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.catalog_version")
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
  /// everything stays as it was. `outlook` works out the periods of all subscriptions that changed, or whose tenant did.
  public func apply(
    _ contents: CatalogContents, actor: String, source: String, dryRun: Bool, bounds: Periods.Bounds,
    zones: String = "",
    _ outlook: ([Periods.Terms]) -> Periods.Outlook
  ) throws(Complaint) -> [Change] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      // One at a time; a lock of a table would ask for the right to alter it, which nobody has.
      try connection.script("\(Periods.begin); select pg_advisory_xact_lock(\(Self.lock))", timeoutMs: Self.applyMs)
      var changes = try Self.change(connection, contents)
      if !changes.contains(where: { $0.outcome == .refused }) {
        func names(_ section: String) -> [String] {
          changes.filter { $0.section == section && $0.outcome != .kept }.map(\.name)
        }
        let terms = try Periods.terms(
          connection, subscriptions: names("subscription"), tenants: names("tenant"), bounds)
        let outlook = outlook(terms)
        changes += outlook.refused
        if outlook.refused.isEmpty {
          try Periods.set(connection, of: terms, outlook)
          _ = try connection.execute(
            "select meterd.note_limit_changes($1, $2)",
            [.textArray(names("subscription")), .textArray(names("tenant"))], timeoutMs: Self.applyMs)
        }
      }
      let isRefused = changes.contains { $0.outcome == .refused }
      let isChanged = changes.contains { $0.outcome == .added || $0.outcome == .changed }
      guard isChanged, !isRefused, !dryRun else {
        try connection.script("rollback")
        return changes
      }
      _ = try connection.execute(
        "select set_config('meterd.note', jsonb_build_object('actor', $1::text, 'source', $2::text, 'detail', $3::jsonb)::text, true)",
        [.text(actor), .text(source), .text(Self.detail(changes, zones))])
      try Periods.fillAndCommit(
        connection,
        """
        select meterd.note_catalog(n.note ->> 'actor', n.note ->> 'source', n.note -> 'detail')
        from (select current_setting('meterd.note')::jsonb as note) as n;
        """)
      return changes
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.apply_catalog")
    }
  }

  private static func change(
    _ connection: borrowing Connection, _ contents: CatalogContents
  ) throws(PostgresError) -> [Change] {
    let rows = try connection.execute(
      "select section, name, outcome, field, problem from meterd.apply_catalog($1::jsonb)",
      [.text(CatalogDocument(contents).text)], timeoutMs: applyMs)
    var changes: [Change] = []
    for row in 0..<rows.count {
      guard let section = rows.text(row, 0), let name = rows.text(row, 1),
        let outcome = rows.text(row, 2).flatMap(Change.Outcome.init)
      else { throw .refused(state: "XX001", message: "meterd.apply_catalog has no answer") }
      changes.append(
        Change(section: section, name: name, outcome: outcome, field: rows.text(row, 3), problem: rows.text(row, 4)))
    }
    return changes
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
      select m.id, m.name, m.event, m.aggregate, m.value_path, m.scale, m.unit, m.hold_nanoseconds, d.path, m.id in (
        select e.meter from meterd.plan_entry e where e.limit_mode is not null or jsonb_array_length(e.warn_at) > 0)
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
              unit: rows.text(row, 6), hold: rows.integer(row, 7).map { TimeSpan(nanoseconds: $0) }),
            isLimited: rows.text(row, 9) == "t"))
      }
      if let path = rows.text(row, 8) { meters[meters.count - 1].definition.dimensions.append(path) }
    }
    return meters
  }
}
