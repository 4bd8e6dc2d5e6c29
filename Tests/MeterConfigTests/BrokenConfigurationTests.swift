@testable import MeterConfig
import MeterModel
import Testing

@Suite struct BrokenConfigurationTests {
  static let all = BrokenFile.yaml + BrokenFile.kafka + BrokenFile.postgres + BrokenFile.values

  @Test(arguments: all)
  func `a broken configuration ends with status 78 and one line that names the place`(_ broken: BrokenFile) {
    let complaint = #expect(throws: Complaint.self) {
      try Settings.parse(broken.bytes, file: "meterd.yaml", environment: { _ in nil })
    }
    #expect(complaint?.status == .configuration)
    #expect(complaint?.description == broken.says)
  }

  @Test(arguments: all)
  func `no message about a configuration shows a secret or takes two lines`(_ broken: BrokenFile) {
    #expect(!broken.says.contains("hunter2"))
    #expect(!broken.says.contains("\n"))
  }

  @Test func `every broken configuration is a different one`() {
    #expect(Set(Self.all.map(\.text)).count == Self.all.count)
    #expect(Set(Self.all.map(\.name)).count == Self.all.count)
  }

  @Test func `every property that would break the promise is refused by name`() {
    for name in KafkaProperties.refused.keys {
      let complaint = #expect(throws: Complaint.self) {
        try Settings.parse(
          Array("kafka: { brokers: 'a:1', properties: { \(name): x } }\npostgres: { url: x=y }".utf8), file: "f",
          environment: { _ in nil })
      }
      #expect(complaint?.problem.hasPrefix("'kafka.properties.\(name)' cannot be set") == true)
    }
  }

  @Test func `a missing file ends with status 78 and one line`() {
    let complaint = #expect(throws: Complaint.self) {
      try Settings.load(file: "/nowhere/meterd.yaml", environment: { _ in nil })
    }
    #expect(complaint?.status == .configuration)
    #expect(
      complaint?.description
        == "config: /nowhere/meterd.yaml: the file cannot be read (no such file); name a readable file")
  }

  @Test func `a directory is not a configuration`() {
    let complaint = #expect(throws: Complaint.self) { try Settings.load(file: "/", environment: { _ in nil }) }
    #expect(complaint?.description == "config: /: the file cannot be read (it is a directory); name a readable file")
  }
}
