import MeterModel
import Testing

@testable import MeterConfig

/// The directory of this package, from the place of this file in it.
private let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

@Suite struct SampleFileTests {
  @Test func `the committed sample is what the table of settings says, byte for byte`() throws {
    let committed = try readFile("\(root)/config/meterd.yaml", bytesMax: 1 << 20)
    // On a difference, write SampleFile.render() into the file: the table is the truth.
    #expect(String(decoding: committed, as: UTF8.self) == SampleFile.render())
    #expect(committed == Array(SampleFile.render().utf8))
  }

  @Test func `the sample loads as it stands and says the defaults`() throws {
    let sample = try Settings.load(file: "\(root)/config/meterd.yaml", environment: { _ in nil })
    let least = "kafka: { brokers: '127.0.0.1:9092' }\npostgres: { url: 'postgresql://meterd@127.0.0.1:5432/meterd' }"
    let defaults = try Settings.parse(Array(least.utf8), file: "f", environment: { _ in nil })
    #expect(sample == defaults)
    #expect(sample.changes(to: defaults).isEmpty)
  }

  @Test func `every setting is explained in the sample, at most 120 columns wide`() {
    let lines = SampleFile.render().split(separator: "\n")
    for row in SettingsTable.whole.rows {
      #expect(row.meaning.utf8.count > 30 && row.meaning.hasSuffix("."))
      #expect(lines.contains { $0.drop { $0 == " " } == "\(row.name): \(row.fallback)" })
    }
    #expect(lines.allSatisfy { $0.unicodeScalars.count <= 120 })
  }

  @Test func `every default is inside its own bounds and every path is said once`() throws {
    _ = try SettingsTable.whole.defaults()
    let paths = SettingsTable.whole.rows.map(\.path)
    #expect(Set(paths).count == paths.count)
    #expect(paths.count == 32)
  }

  @Test func `the demo catalog has the four meters of the first steps`() throws {
    let catalog = try CatalogFile.read(path: "\(root)/config/catalogs/demo.yaml")
    #expect(
      catalog.definitions == [
        MeterDefinition(
          name: "api_calls", event: "api.call", aggregate: .count, dimensions: ["endpoint", "region"], unit: "call"),
        MeterDefinition(
          name: "tokens", event: "llm.tokens", aggregate: .sum, value: "tokens", scale: 0, dimensions: ["model"],
          unit: "token"),
        MeterDefinition(
          name: "deployments", event: "chain.deployment", aggregate: .count, dimensions: ["chain"], unit: "deployment"),
        MeterDefinition(
          name: "storage_samples", event: "storage.sample", aggregate: .sum, value: "gigabytes", scale: 9,
          dimensions: ["volume"], unit: "GB"),
      ])
  }
}
