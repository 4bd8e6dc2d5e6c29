import MeterConfig
import MeterModel
import Testing

@Suite struct CatalogFileTests {
  private let all = Set(MeterDefinition.Aggregate.allCases)

  @Test(arguments: BrokenFile.catalogs + BrokenFile.plans)
  func `a broken catalog ends with status 65 and one line that names the field and the place`(_ broken: BrokenFile) {
    let complaint = #expect(throws: Complaint.self) { try CatalogFile.parse(broken.bytes, file: "demo.yaml") }
    #expect(complaint?.status == .input)
    #expect(complaint?.description == broken.says)
  }

  @Test func `every field of a meter is read, and the rest has its default`() throws {
    let text = """
      meters:
        - { name: calls, event: api.call, aggregate: count }
        - name: Tokens-2.5
          event: llm.tokens
          aggregate: sum
          value: usage.output tokens
          scale: 12
          dimensions: [model, usage.kind]
          unit: token
        - { name: storage, event: s, aggregate: time_weighted, value: gb, hold: 2h, unit: null, dimensions: }
        - { name: users, event: u, aggregate: unique, value: id, hold: ~ }
      """
    let catalog = try CatalogFile.parse(Array(text.utf8), file: "c.yaml", aggregates: all)
    #expect(
      catalog.definitions == [
        MeterDefinition(name: "calls", event: "api.call", aggregate: .count, scale: 9),
        MeterDefinition(
          name: "Tokens-2.5", event: "llm.tokens", aggregate: .sum, value: "usage.output tokens", scale: 12,
          dimensions: ["model", "usage.kind"], unit: "token"),
        MeterDefinition(name: "storage", event: "s", aggregate: .timeWeighted, value: "gb", hold: .hours(2)),
        MeterDefinition(name: "users", event: "u", aggregate: .unique, value: "id"),
      ])
    #expect(catalog.meters[1].mark == YAMLMark(line: 3, column: 5))
    #expect(catalog.meters[1].fields["scale"] == YAMLMark(line: 7, column: 12))
    #expect(
      catalog.document.complaint(at: catalog.meters[1].fields["scale"], "cannot change", remedy: "name a new meter")
        .description == "catalog: c.yaml:7:12: cannot change; name a new meter")
  }

  @Test func `a catalog without meters is an empty one`() throws {
    #expect(try CatalogFile.parse(Array("meters: []".utf8), file: "c").meters.isEmpty)
    #expect(try CatalogFile.parse(Array("meters:\n".utf8), file: "c").meters.isEmpty)
  }

  @Test(arguments: MeterDefinition.Aggregate.allCases)
  func `an aggregate is taken exactly when the build has it`(_ aggregate: MeterDefinition.Aggregate) throws {
    let value = aggregate.needsValue ? ", value: v" : ""
    let text = Array("meters: [{ name: m, event: e, aggregate: \(aggregate.rawValue)\(value) }]".utf8)
    #expect(try CatalogFile.parse(text, file: "c", aggregates: all).definitions.map(\.aggregate) == [aggregate])
    let complaint = #expect(throws: Complaint.self) {
      try CatalogFile.parse(text, file: "c", aggregates: all.subtracting([aggregate]))
    }
    #expect(complaint?.problem.hasPrefix("the aggregate '\(aggregate.rawValue)' is not in this build yet") == true)
  }

  @Test func `names, events and paths are taken up to their bounds`() throws {
    let text = """
      meters:
        - name: \(String(repeating: "n", count: 64))
          event: \(String(repeating: "é", count: 64))
          aggregate: sum
          value: \(String(repeating: "v", count: 256))
          scale: 0
          dimensions: [\((0..<16).map { "d\($0)" }.joined(separator: ", "))]
      """
    let meter = try #require(CatalogFile.parse(Array(text.utf8), file: "c").definitions.first)
    #expect(meter.dimensions.count == 16)
    #expect(meter.event.utf8.count == 128)
  }

  @Test func `a missing catalog ends with status 65`() {
    let complaint = #expect(throws: Complaint.self) { try CatalogFile.read(path: "/nowhere/c.yaml") }
    #expect(complaint?.status == .input)
    #expect(
      complaint?.description == "catalog: /nowhere/c.yaml: the file cannot be read (no such file); name a readable file"
    )
  }

  @Test func `ten thousand meters are read in one go`() throws {
    var text = "meters:\n"
    for index in 0..<10_000 {
      text += "  - { name: m\(index), event: e\(index), aggregate: count, dimensions: [a, b] }\n"
    }
    let catalog = try CatalogFile.parse(Array(text.utf8), file: "c")
    #expect(catalog.meters.count == 10_000)
    #expect(catalog.meters.last?.mark == YAMLMark(line: 10_001, column: 5))
  }
}
