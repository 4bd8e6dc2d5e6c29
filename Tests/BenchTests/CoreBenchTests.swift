import Testing

/// The benches at a size that takes moments, so that they cannot rot; their times are not looked at, a test machine is too busy.
@Suite(.serialized) struct CoreBenchTests {
  private static let parts = ["decode", "dedupe", "count", "seal", "core", "judge"]

  @Test func `two runs come to the same results and stay below what is allowed`() throws {
    let (run, again) = (try BenchRun("--small", "--duplicates", "2"), try BenchRun("--small", "--duplicates", "2"))
    // A part each, three tables, and the values.
    #expect(run.hashes.count == Self.parts.count + 4)
    #expect(run.hashes == again.hashes)

    let build = try run.words("build").first ?? ""
    let allowed = try Thresholds(build: build)
    var measured: [String: Double] = [:]
    for part in Self.parts {
      measured["\(part).allocations"] = try run.number(part, 5)
      measured["\(part).retains"] = try run.number(part, 6)
      #expect(try run.number(part, 2) > 0, "\(part) took no time")
    }
    for table in ["series", "identities", "accounts"] {
      measured["\(table).fullest"] = try run.number(table, 1)
      measured["\(table).emptiest"] = try run.number(table, 2)
    }
    measured["values.growth"] = try run.number("growth", 0)
    #expect(measured.keys.sorted() == allowed.names.sorted(), "what is measured is what has a bound")
    for (name, value) in measured.sorted(by: { $0.key < $1.key }) {
      #expect(value <= allowed[name], "\(name) is \(value) in a \(build) build; at most \(allowed[name]) is allowed")
    }
  }

  @Test func `events are of the promised size and mixed from three producers`() throws {
    let words = try BenchRun("--small", "decode", "--duplicates", "0").words("events")
    let text = words.joined(separator: " ")
    let match = try #require(
      try /(\d+) written by go ([\d.]+) %, javascript ([\d.]+) %, python ([\d.]+) %; ([\d.]+) bytes/.firstMatch(
        in: text))
    let shares = [match.2, match.3, match.4].compactMap { Double($0) }
    #expect(shares.count == 3 && abs(shares.reduce(0, +) - 100) < 0.2)
    for (share, percent) in zip(shares, [50.0, 30, 20]) { #expect(abs(share - percent) < 2) }
    #expect((240...280).contains(try #require(Double(match.5))))
  }
}
