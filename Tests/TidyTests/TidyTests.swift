import Foundation
import Testing

/// The laws of the house that a reader would otherwise have to enforce.
@Suite struct TidyTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func files(below folder: String, ending: String = ".swift") -> [(path: String, text: String)] {
    let base = root.appendingPathComponent(folder)
    let paths = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
    return paths.filter { $0.hasSuffix(ending) }.sorted().map { path in
      (folder + "/" + path, (try? String(contentsOf: base.appendingPathComponent(path), encoding: .utf8)) ?? "")
    }
  }

  private static func imports(_ text: String) -> Set<String> {
    let words = text.split(separator: "\n").filter { $0.hasPrefix("import ") || $0.hasPrefix("@testable import ") }
    return Set(words.compactMap { $0.split(separator: " ").last.map(String.init) })
  }

  /// What each room may import. The compiler checks what is declared in the package; this checks what may be declared.
  private static let rooms: [String: Set<String>] = [
    "MeterModel": [],
    "MeterWire": ["MeterModel", "CScan", "CSimdjson", "CLibzstd", "CXXHash"],
    "MeterCore": ["MeterModel", "CTable"],
    "MeterRating": ["MeterModel"],
    "MeterConfig": ["MeterModel", "CYaml", "Glibc"],
    "MeterTelemetry": ["Synchronization", "Glibc"],
    "KafkaEdge": ["MeterModel", "MeterTelemetry", "CRdkafka", "Dispatch", "Glibc", "Synchronization"],
    "PostgresEdge": ["MeterModel", "MeterTelemetry", "CLibpq", "Dispatch", "Glibc", "Synchronization"],
    "HTTPEdge": ["MeterModel", "MeterTelemetry", "CMicrohttpd", "Dispatch", "Glibc", "Synchronization"],
    "MeterRuntime": [
      "MeterModel", "MeterWire", "MeterCore", "MeterRating", "MeterConfig", "MeterTelemetry", "KafkaEdge",
      "PostgresEdge",
      "HTTPEdge", "Dispatch", "Glibc", "Synchronization",
    ],
    "MeterOracle": [],
    "MeterLab": ["CRdkafka", "Glibc", "Synchronization"],
    "meterd": [
      "MeterModel", "MeterRating", "MeterConfig", "MeterTelemetry", "MeterRuntime", "KafkaEdge", "PostgresEdge",
      "CLibzstd",
      "Dispatch", "Glibc",
      "Synchronization",
    ],
    "meterd-lab": ["MeterModel", "MeterConfig", "MeterLab", "MeterOracle", "CLibzstd", "Glibc"],
  ]

  @Test func `every room imports only what its law allows`() {
    let folders =
      (try? FileManager.default.contentsOfDirectory(atPath: Self.root.appendingPathComponent("Sources").path)) ?? []
    for folder in folders where !folder.hasPrefix("C") {
      guard let allowed = Self.rooms[folder] else {
        Issue.record("Sources/\(folder) has no law here")
        continue
      }
      for file in Self.files(below: "Sources/\(folder)") {
        let surplus = Self.imports(file.text).subtracting(allowed)
        #expect(surplus.isEmpty, "\(file.path) imports \(surplus.sorted())")
      }
    }
  }

  @Test func `one type is trusted to be Sendable without proof`() {
    let places = Self.files(below: "Sources").filter { $0.text.contains("@unchecked " + "Sendable") }.map(\.path)
    #expect(places == ["Sources/KafkaEdge/Handle.swift"])
  }

  @Test func `nothing is left for later and nothing is forced`() {
    for file in Self.files(below: "Sources") {
      for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X ", "try" + "! ", " as" + "! ", "nonisolated(" + "unsafe)"] {
        #expect(!file.text.contains(word), "\(file.path) has '\(word)'")
      }
    }
  }

  @Test func `a file stays under 400 lines`() {
    for file in Self.files(below: "Sources") + Self.files(below: "Tests") {
      let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 401, "\(file.path) has \(lines) lines; perhaps it is two")
    }
  }

  @Test func `the simulated world is made of the pure rooms and knows no clock, thread or chance but its seed`() {
    let allowed: Set = ["MeterModel", "MeterWire", "MeterCore", "MeterOracle", "TestLogs", "TestDice"]
    let files = Self.files(below: "Tests/MeterSimulation")
    #expect(files.count > 10)
    for file in files {
      let surplus = Self.imports(file.text).subtracting(allowed)
      #expect(surplus.isEmpty, "\(file.path) imports \(surplus.sorted())")
      for word in ["ContinuousClock", "SystemRandom", ".random(", "Task {", "Mutex(", "Hasher", "hashValue"] {
        #expect(!file.text.contains(word), "\(file.path) has '\(word)'")
      }
    }
  }

  @Test func `the model of the protocol is made of the machine alone and knows no clock, thread or chance`() {
    let files = Self.files(below: "Tests/ProtocolModel")
    #expect(files.count > 10)
    for file in files {
      let surplus = Self.imports(file.text).subtracting(["MeterModel", "MeterCore", "Glibc"])
      #expect(surplus.isEmpty, "\(file.path) imports \(surplus.sorted())")
      for word in ["ContinuousClock", "SystemRandom", ".random(", "Task {", "Mutex(", "print("] {
        #expect(!file.text.contains(word), "\(file.path) has '\(word)'")
      }
    }
  }

  @Test func `the chaos stand knows the daemon from outside only`() {
    let allowed: Set = [
      "MeterLab", "MeterOracle", "TestLogs", "TestDice", "TestStack", "CRdkafka", "Foundation", "Synchronization",
    ]
    let files = Self.files(below: "Tests/Chaos")
    #expect(files.count > 10)
    for file in files {
      let surplus = Self.imports(file.text).subtracting(allowed)
      #expect(surplus.isEmpty, "\(file.path) imports \(surplus.sorted())")
    }
  }

  @Test func `the pure rooms know no clock, no hash of the process and no binary floating point`() {
    for room in ["MeterModel", "MeterWire", "MeterCore", "MeterRating"] {
      for file in Self.files(below: "Sources/\(room)") {
        for word in [
          "Hasher", "hashValue", "Double(", ": Double", "Float(", ": Float", "ContinuousClock", "SystemRandom",
          ".random(", "Dictionary<", "print(",
        ] {
          #expect(!file.text.contains(word), "\(file.path) has '\(word)'")
        }
      }
    }
  }

  @Test func `the top level has only the agreed entries`() {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: Self.root.path)) ?? []
    let agreed: Set = [
      "Package.swift", "Package.resolved", "Sources", "Tests", "Benchmarks", "deploy", "config", "README.md", "LICENSE",
    ]
    #expect(Set(entries.filter { !$0.hasPrefix(".") }).isSubset(of: agreed))
  }

  @Test func `every metric has the product's prefix and none carries a tenant`() {
    for file in Self.files(below: "Sources/MeterRuntime") {
      for line in file.text.split(separator: "\n") where line.contains("labels: [") {
        #expect(!line.contains("\"tenant\""), "\(file.path): \(line)")
      }
    }
  }

  @Test func `the golden vectors are those of the project`() throws {
    let shared = Self.root.deletingLastPathComponent().appendingPathComponent("shared/golden")
    let names =
      FileManager.default.enumerator(atPath: Self.root.appendingPathComponent("Tests/Golden").path)?
      .compactMap { $0 as? String } ?? []
    #expect(names.count { $0.hasSuffix(".json") } == 8)
    // What is worked out from the system's time zones stands only here. Where the project's own copy stands beside the checkout, both must agree.
    guard FileManager.default.fileExists(atPath: shared.path) else { return }
    for name in names where name.contains(".") && !name.hasPrefix("zone-") {
      let own = try Data(contentsOf: Self.root.appendingPathComponent("Tests/Golden/\(name)"))
      let theirs = try Data(contentsOf: shared.appendingPathComponent(name))
      #expect(own == theirs, "Tests/Golden/\(name) differs")
    }
  }
}
