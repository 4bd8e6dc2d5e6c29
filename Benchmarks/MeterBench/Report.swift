import MeterModel

/// Runs benches and puts their numbers into lines.
struct Report {
  let size: Size

  /// The hash of every bench, in the order of the lines.
  private(set) var hashes: [ResultHash] = []

  init(_ size: Size) { self.size = size }

  /// How this very program was built, which its numbers depend on.
  static var build: String {
    #if DEBUG
    "debug"
    #else
    "release"
    #endif
  }

  mutating func core(_ parts: [CoreBench.Part], duplicatePercents: [Int], print: (String) -> Void) {
    print("part     duplicates   ns/event      min      max   allocations/event   retains/event   hash")
    for percent in duplicatePercents {
      let (batches, shares) = Workshop.batches(events: size.events, tenants: size.tenants, duplicatePercent: percent)
      for part in parts {
        let bench = CoreBench(part, over: batches, tenants: size.tenants)
        let runs = (0..<size.runs).map { _ in bench.run(.time) }.sorted { $0.nanoseconds < $1.nanoseconds }
        let counts = bench.run(.counts)
        let same = runs.allSatisfy { $0.hash == counts.hash }
        precondition(same, "equal work has equal results")
        let median = runs[runs.count / 2]
        hashes.append(median.hash)
        let retains = Self.fixed(counts.retainsPerEvent, 4)
        print(
          Self.left(part.rawValue, 8) + Self.right("\(percent) %", 11)
            + Self.right(Self.fixed(median.nanosecondsPerEvent, 1), 11)
            + Self.right(Self.fixed(runs[0].nanosecondsPerEvent, 1), 9)
            + Self.right(Self.fixed(runs[runs.count - 1].nanosecondsPerEvent, 1), 9)
            + Self.right(Self.fixed(counts.allocationsPerEvent, 4), 20) + Self.right(retains, 16)
            + "   \(median.hash)")
      }
      print("events   " + Self.right("\(percent) %", 10) + "   \(size.events) \(shares)")
    }
  }

  mutating func tables(_ parts: [TableBench.Part], print: (String) -> Void) {
    print("table           entries   fullest  emptiest      heap   hash")
    for part in parts {
      let count =
        switch part {
        case .series: size.series
        case .identities: size.identities
        case .accounts: size.accounts
        }
      let result = TableBench(part: part, count: count).run()
      hashes.append(result.hash)
      print(
        Self.left(part.rawValue, 11) + Self.right("\(result.count)", 12)
          + [result.fullest, result.emptiest, result.heapPerEntry].map { Self.right(Self.fixed($0, 1), 10) }.joined()
          + "   \(result.hash)")
    }
  }

  mutating func memory(print: (String) -> Void) {
    print("memory           values   heap bytes   identities       series     resident")
    let result = ValuesBench(marks: size.values).run()
    hashes.append(result.hash)
    for row in result.rows {
      let columns = [row.heapBytes, row.identityBytes, row.seriesBytes, row.residentBytes]
      print("values     " + Self.right("\(row.values)", 12) + columns.map { Self.right("\($0)", 13) }.joined())
    }
    print("growth     " + Self.right(Self.fixed(result.growth, 2), 12) + " bytes a new value   \(result.hash)")
  }

  static func file(_ outcome: FileCount.Outcome, print: (String) -> Void) {
    print("cpu_seconds \(fixed(Double(outcome.nanoseconds) / 1e9, 4))")
    print("events \(outcome.events)")
    print("counted \(outcome.counted)")
    print("groups \(outcome.groups)")
    print("rows \(ResultHash.text(outcome.rows))")
    print("hash \(outcome.hash)")
    for (meter, total) in zip(Workshop.meters, outcome.totals) { print("total \(meter.definition.name) \(total)") }
  }

  /// A number of so many digits behind the point; never negative here.
  static func fixed(_ number: Double, _ digits: Int) -> String {
    var power = 1
    for _ in 0..<digits { power *= 10 }
    let units = Int((max(0, number) * Double(power)).rounded())
    let fraction = String(units % power)
    return "\(units / power)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
