import MeterConfig
import MeterModel
import MeterTelemetry
import PostgresEdge

enum Usage {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let query = UsageQuery(
      tenant: arguments.text("tenant"), meter: arguments.text("meter"), from: arguments.text("from"),
      to: arguments.text("to"), isTotal: arguments.has("total"))
    let rows = try query.run(try arguments.settings().postgres.url.exposed)
    if arguments.has("json") {
      for row in rows { print(json(row)) }
    } else {
      table(rows, isTotal: query.isTotal).printOut()
    }
    return .done
  }

  /// The members of the view; quantities are strings, so that no reader takes them for binary floating point.
  private static func json(_ row: UsageQuery.Row) -> String {
    var json = JSONText()
    json.object { json in
      json.member("tenant", row.tenant)
      json.member("meter", row.meter)
      json.name("dimensions")
      json.object { json in for (path, value) in row.dimensions { json.member(path, value) } }
      json.member("window_start", row.windowStart)
      json.member("window_end", row.windowEnd)
      json.member("quantity", row.quantity)
      json.member("events", row.events)
      json.member("approximate", row.isApproximate)
    }
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private static func table(_ rows: [UsageQuery.Row], isTotal: Bool) -> Table {
    var table = Table(
      ["TENANT", "METER"] + (isTotal ? [] : ["DIMENSIONS"]) + ["FROM", "TO", "QUANTITY", "EVENTS"],
      rightAligned: ["QUANTITY", "EVENTS"])
    for row in rows {
      let dimensions = row.dimensions.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
      table.add(
        [row.tenant, row.meter] + (isTotal ? [] : [dimensions]) + [
          row.windowStart, row.windowEnd, (row.isApproximate ? "~" : "") + row.quantity, String(row.events),
        ])
    }
    return table
  }
}
