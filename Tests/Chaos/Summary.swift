/// Several rounds, perhaps of several sittings, as one table.
public struct Summary: Sendable {
  private var rounds = 0
  private var unsound: [String] = []
  public private(set) var total = RoundReport(seed: 0, round: 0)

  public init() {}

  public mutating func add(_ report: RoundReport) {
    rounds += 1
    if !report.isSound { unsound.append("\(report.seed)/\(report.round)") }
    total.events += report.events
    total.rows += report.rows
    total.differences += report.differences
    total.failures += report.failures
    total.injected.merge(report.injected, uniquingKeysWith: +)
    total.felt.merge(report.felt, uniquingKeysWith: +)
    total.refused += report.refused
    total.committed += report.committed
    total.absent += report.absent
    total.doubtRefused += report.doubtRefused
    total.terminated += report.terminated
    total.restarts += report.restarts
    total.seconds += report.seconds
  }

  public var isSound: Bool { unsound.isEmpty }

  public var text: String {
    var lines = ["", "fault        injected      felt"]
    for kind in FaultKind.allCases {
      guard let count = total.injected[kind.rawValue] else { continue }
      lines.append(row(kind.rawValue, count, total.felt[kind.rawValue] ?? 0))
    }
    lines += [
      row("all", total.faults, total.felt.values.reduce(0, +)), "",
      "rounds                                 \(rounds) in \(Int(total.seconds)) s",
      "events                                 \(total.events)",
      "rows compared                          \(total.rows)",
      "stale flushes refused                  \(total.refused)",
      "flushes in doubt: were committed       \(total.committed)",
      "flushes in doubt: were not             \(total.absent)",
      "flushes in doubt: by then another's    \(total.doubtRefused)",
      "sessions ended by PostgreSQL           \(total.terminated)",
      "starts that found a service missing    \(total.restarts)",
      "differences                            \(total.differences)",
      "failures                               \(total.failures)",
    ]
    if !unsound.isEmpty { lines.append("unsound rounds (seed/round): \(unsound.joined(separator: " "))") }
    return lines.joined(separator: "\n")
  }

  private func row(_ name: String, _ injected: Int, _ felt: Int) -> String {
    func right(_ number: Int) -> String {
      let text = String(number)
      return String(repeating: " ", count: max(0, 10 - text.count)) + text
    }
    return name + String(repeating: " ", count: max(0, 11 - name.count)) + right(injected) + right(felt)
  }
}
