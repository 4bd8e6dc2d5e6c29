import MeterConfig
import MeterOracle

/// What a recount came to, as rows for people or for programs; usage has the form that `meterd usage` gives it.
struct RecountReport {
  enum View: String, CaseIterable {
    case usage
    case total
    case accounting
    case quarantine
  }

  private struct Row {
    var tenant: String
    var meter: String
    var dimensions: [(path: OracleText, value: OracleText)]
    var windowStart: Int64
    var windowEnd: Int64
    var quantity: String
    var events: Int
    var isApproximate: Bool
  }

  private let results: OracleResults
  private let view: View
  private let isJSON: Bool

  init(_ results: OracleResults, _ view: View, isJSON: Bool) {
    self.results = results
    self.view = view
    self.isJSON = isJSON
  }

  func printOut() {
    switch view {
    case .usage: printUsage(rows)
    case .total: printUsage(totals)
    case .accounting: printAccounting()
    case .quarantine: printQuarantine()
    }
  }

  /// Dimensions in the order of their paths, as the daemon lists them.
  private var rows: [Row] {
    results.usage.map { row in
      Row(
        tenant: row.tenant.description, meter: row.meter.description,
        dimensions: row.dimensions.map { ($0.path, $0.value) }.sorted { $0.0 < $1.0 }, windowStart: row.windowStart,
        windowEnd: row.windowEnd, quantity: row.quantity, events: row.events, isApproximate: row.approximate)
    }
  }

  /// The rows of a tenant's meter stand together.
  private var totals: [Row] {
    var totals: [Row] = []
    var sum = DecimalSum()
    var last: (tenant: OracleText, meter: OracleText)?
    for row in results.usage {
      if let last, last == (row.tenant, row.meter) {
        totals[totals.count - 1].windowStart = min(totals[totals.count - 1].windowStart, row.windowStart)
        totals[totals.count - 1].windowEnd = max(totals[totals.count - 1].windowEnd, row.windowEnd)
        totals[totals.count - 1].events += row.events
      } else {
        sum = DecimalSum()
        last = (row.tenant, row.meter)
        totals.append(
          Row(
            tenant: row.tenant.description, meter: row.meter.description, dimensions: [], windowStart: row.windowStart,
            windowEnd: row.windowEnd, quantity: "", events: row.events, isApproximate: false))
      }
      sum.add(row.quantity)
      totals[totals.count - 1].quantity = sum.text
    }
    return totals
  }

  private func printUsage(_ rows: [Row]) {
    let isTotal = view == .total
    var table = Table(
      ["TENANT", "METER"] + (isTotal ? [] : ["DIMENSIONS"]) + ["FROM", "TO", "QUANTITY", "EVENTS"],
      rightAligned: ["QUANTITY", "EVENTS"])
    for row in rows {
      let (start, end) = (InstantText.text(row.windowStart), InstantText.text(row.windowEnd))
      if isJSON {
        var dimensions = JSONLine()
        for (path, value) in row.dimensions { dimensions.add(path.description, value.description) }
        var line = JSONLine()
        line.add("tenant", row.tenant)
        line.add("meter", row.meter)
        line.add("dimensions", dimensions)
        line.add("window_start", start)
        line.add("window_end", end)
        line.add("quantity", row.quantity)
        line.add("events", Int64(row.events))
        line.add("approximate", row.isApproximate)
        print(line)
      } else {
        let dimensions = row.dimensions.map { "\($0.path)=\($0.value)" }.joined(separator: " ")
        table.add(
          [row.tenant, row.meter] + (isTotal ? [] : [dimensions]) + [
            start, end, (row.isApproximate ? "~" : "") + row.quantity, String(row.events),
          ])
      }
    }
    if !isJSON { table.printOut() }
  }

  private func printAccounting() {
    let columns = ["events", "counted", "late", "duplicate", "conflict", "voided", "unmetered", "quarantined"]
    var table = Table(
      ["TOPIC", "PARTITION"] + columns.map { $0.uppercased() },
      rightAligned: Set(["PARTITION"] + columns.map { $0.uppercased() }))
    for partition in results.accounting {
      // Nothing is late where no periods are known.
      let counts = columns.map { column in
        column == "events" ? partition.events : OracleVerdict(rawValue: column).map { partition[$0] } ?? 0
      }
      if isJSON {
        var line = JSONLine()
        line.add("topic", partition.topic.description)
        line.add("partition", Int64(partition.partition))
        for (column, count) in zip(columns, counts) { line.add(column, Int64(count)) }
        print(line)
      } else {
        table.add([partition.topic.description, String(partition.partition)] + counts.map { String($0) })
      }
    }
    if !isJSON { table.printOut() }
  }

  private func printQuarantine() {
    var table = Table(
      ["TOPIC", "PARTITION", "OFFSET", "REASON", "DETAIL"], rightAligned: ["PARTITION", "OFFSET"])
    for row in results.quarantine {
      if isJSON {
        var line = JSONLine()
        line.add("topic", row.topic.description)
        line.add("partition", Int64(row.partition))
        line.add("offset", row.offset)
        line.add("reason", row.reason.rawValue)
        line.add("detail", row.detail)
        print(line)
      } else {
        table.add([
          row.topic.description, String(row.partition), String(row.offset), row.reason.rawValue, row.detail,
        ])
      }
    }
    if !isJSON { table.printOut() }
  }
}
