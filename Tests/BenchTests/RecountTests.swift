import Foundation
import MeterOracle
import TestStack
import Testing

@Suite struct RecountTests {
  /// The bench's own clock: the first record's stamp, one millisecond for each.
  private static let firstStampMs: Int64 = 1_767_225_602_000
  private static let events = 6_000

  private static let meters = [
    OracleMeter(name: "api_calls", event: "api.call", aggregate: .count, dimensions: ["endpoint", "region"]),
    OracleMeter(name: "tokens", event: "llm.tokens", aggregate: .sum, value: "tokens", scale: 0, dimensions: ["model"]),
    OracleMeter(name: "deployments", event: "chain.deployment", aggregate: .count, dimensions: ["chain"]),
    OracleMeter(
      name: "storage", event: "storage.sample", aggregate: .sum, value: "gigabytes", scale: 3, dimensions: ["volume"]),
  ]

  @Test(arguments: [0, 2, 40])
  func `what the bench counts of a file is what an independent recount makes of it`(_ duplicatePercent: Int) throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/events.ndjson"
    _ = try BenchRun(
      "make", file, "--events", "\(Self.events)", "--duplicates", "\(duplicatePercent)", "--tenants", "40")
    let run = try BenchRun("file", file)
    let again = try BenchRun("file", file)
    #expect(try run.words("hash") == again.words("hash"))

    let results = Self.recount(try Data(contentsOf: URL(fileURLWithPath: file)))
    let verdicts = try #require(results.accounting.first)
    #expect(try run.number("events", 0) == Double(Self.events) && verdicts.events == Self.events)
    #expect(try run.words("counted") == ["\(verdicts[.counted])"])
    #expect(verdicts[.counted] + verdicts[.duplicate] == Self.events)
    #expect((verdicts[.duplicate] > 0) == (duplicatePercent > 0))
    #expect(try run.words("groups") == ["\(results.usage.count)"])
    #expect(try run.words("rows") == [Self.hash(results.usage)])
  }

  private static func recount(_ file: Data) -> OracleResults {
    let now = OracleInstant(milliseconds: firstStampMs + 86_400_000)
    var oracle = Oracle(settings: OracleSettings(now: now), meters: meters) { _, _ in nil }
    for (index, line) in file.split(separator: 0x0A).enumerated() {
      oracle.take(
        OracleRecord(
          topic: "t", partition: 0, offset: Int64(index), timestampMs: firstStampMs + Int64(index), value: Array(line)))
    }
    return oracle.results(upTo: now)
  }

  /// The rows' own hashes added up, as the bench says it does; written anew here.
  private static func hash(_ rows: [OracleResults.Usage]) -> String {
    var sum: UInt64 = 0
    for row in rows {
      let words = [row.meter, row.tenant] + row.dimensions.map(\.value)
      let text = words.map(\.description) + ["\(row.windowStart)", row.quantity, "\(row.events)"]
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for byte in text.joined(separator: "|").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      sum &+= hash
    }
    return String(format: "%016lx", Int(bitPattern: UInt(sum)))
  }
}
