import MeterConfig
import MeterModel
import MeterRating
import MeterTelemetry
import PostgresEdge

/// `meterd limits`: what tenants have used of what their plans limit.
enum Limits {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let query = LimitQuery(tenant: arguments.text("tenant"), meter: arguments.text("meter"))
    let rows = try query.run(try arguments.settings().postgres.url.exposed)
    if arguments.has("json") {
      for row in rows { print(json(row)) }
    } else if rows.isEmpty {
      print("nothing is limited")
    } else {
      table(rows).printOut()
    }
    return .done
  }

  private static func answer(_ row: LimitQuery.Row) -> LimitAnswer {
    LimitAnswer(row.rule.terms, scale: row.rule.scale, used: row.used, reserved: 0, amount: 0)
  }

  /// Two digits behind the point, rounded down.
  private static func percent(_ row: LimitQuery.Row) -> String? {
    answer(row).percent.map { hundredths in Quantity(units: hundredths, scale: 2).description }
  }

  private static func text(_ units: Int128, _ row: LimitQuery.Row) -> String {
    Quantity(units: units, scale: row.rule.scale).description
  }

  private static func json(_ row: LimitQuery.Row) -> String {
    let (terms, answer) = (row.rule.terms, answer(row))
    var json = JSONText()
    json.object { json in
      func member(_ name: String, _ value: String?) {
        json.name(name)
        if let value { json.string(value) } else { json.null() }
      }
      json.member("tenant", row.tenant)
      json.member("meter", row.meter)
      member("used", text(row.used, row))
      member("included", terms.included.description)
      member("limit", terms.mode == nil ? nil : terms.at.description)
      member("remaining", answer.remaining.map { text($0, row) })
      json.name("percent")
      if let percent = percent(row) { json.number(percent) } else { json.null() }
      member("mode", terms.mode?.rawValue)
      json.name("warning")
      if let warning = answer.warning { json.number(warning.description) } else { json.null() }
      member("state", row.state)
      json.member("plan", row.plan)
      json.member("plan_version", row.planVersion)
      json.member("subscription", row.subscription)
      json.member("period_start", row.periodStart)
      json.member("period_end", row.periodEnd)
      member("reached_at", row.reachedAt)
      json.name("shadow")
      json.bool(row.isShadow)
    }
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private static func table(_ rows: [LimitQuery.Row]) -> Table {
    var table = Table(
      ["TENANT", "METER", "USED", "LIMIT", "%", "MODE", "STATE", "PLAN", "RESETS", "REACHED AT THIS RATE"],
      rightAligned: ["USED", "LIMIT", "%"])
    for row in rows {
      let terms = row.rule.terms
      table.add([
        row.tenant, row.meter, text(row.used, row), terms.mode == nil ? "-" : terms.at.description,
        percent(row) ?? "-", terms.mode?.rawValue ?? "-", row.state ?? "-",
        "\(row.plan) \(row.planVersion)\(row.isShadow ? " shadow" : "")", row.periodEnd, row.reachedAt ?? "-",
      ])
    }
    return table
  }
}
