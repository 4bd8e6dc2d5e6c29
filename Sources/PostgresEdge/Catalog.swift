import MeterModel

/// The catalog as PostgreSQL has it: what daemons count by, and what `meterd apply` changes.
public final class Catalog: Sendable {
  /// What every daemon of an installation shares.
  public struct Installation: Sendable, Equatable {
    public var seed: UInt64
    public var window: TimeSpan
    public var hasData: Bool
  }

  /// What `apply` does to one meter.
  public struct Change: Sendable, Equatable {
    public enum Kind: String, Sendable {
      case add
      case keep
    }
    public var kind: Kind
    public var name: String
  }

  /// Why a catalog was not applied.
  public enum Refusal: Error, Sendable {
    /// A meter that is there would be altered.
    case altered(meter: String, field: String)
    case failed(Complaint)
  }

  private let target: String
  /// "catalog" as a number; nobody else locks by it.
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

  /// Adds the meters that are new, all or none. One that is there must be the same: a meter is never altered.
  public func apply(_ meters: [MeterDefinition], dryRun: Bool) throws(Refusal) -> [Change] {
    let plan: Plan
    do throws(Complaint) {
      plan = try change(meters, dryRun)
    } catch {
      throw .failed(error)
    }
    if let (meter, field) = plan.altered { throw .altered(meter: meter, field: field) }
    return plan.changes
  }

  private struct Plan {
    var changes: [Change] = []
    var altered: (meter: String, field: String)?
  }

  private func change(_ meters: [MeterDefinition], _ isDryRun: Bool) throws(Complaint) -> Plan {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      // One at a time; a lock of the table would ask for the right to alter meters, which nobody has.
      try connection.script("begin; select pg_advisory_xact_lock(\(Self.lock))")
      let present = try Self.meters(connection)
      var plan = Plan()
      for meter in meters {
        guard let old = present.first(where: { $0.definition.name == meter.name }) else {
          plan.changes.append(Change(kind: .add, name: meter.name))
          if !isDryRun { try Self.insert(meter, connection) }
          continue
        }
        if let field = Self.difference(old.definition, meter) {
          plan.altered = (meter.name, field)
          break
        }
        plan.changes.append(Change(kind: .keep, name: meter.name))
      }
      try connection.script(isDryRun || plan.altered != nil ? "rollback" : "commit")
      return plan
    } catch {
      throw Schema.complaint(error, at: "postgres: meterd.meter")
    }
  }

  private static func difference(_ old: MeterDefinition, _ new: MeterDefinition) -> String? {
    if old.event != new.event { return "event" }
    if old.aggregate != new.aggregate { return "aggregate" }
    if old.value != new.value { return "value" }
    if old.scale != new.scale { return "scale" }
    if old.dimensions != new.dimensions { return "dimensions" }
    if old.unit != new.unit { return "unit" }
    if old.hold != new.hold { return "hold" }
    return nil
  }

  private static func insert(_ meter: MeterDefinition, _ connection: borrowing Connection) throws(PostgresError) {
    _ = try connection.execute(
      """
      insert into meterd.meter (name, event, aggregate, value_path, scale, dimensions, unit, hold_nanoseconds)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      """,
      [
        .text(meter.name), .text(meter.event), .text(meter.aggregate.rawValue), .text(meter.value),
        .int4(Int32(meter.scale)), .textArray(meter.dimensions), .text(meter.unit),
        .int8(meter.hold?.nanoseconds),
      ])
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
