// swift-tools-version: 6.2
import PackageDescription

/// Every room is held to the same laws: Swift 6 concurrency, strict memory safety, no warning survives.
let laws: [SwiftSetting] = [.swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error)]

func library(_ name: String, header: String, package: String) -> Target {
  .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: header, providers: [.apt([package])])
}

func room(_ name: String, imports: [Target.Dependency], embeds: [String] = []) -> Target {
  .target(name: name, dependencies: imports, resources: embeds.map { .embedInCode($0) }, swiftSettings: laws)
}

func program(_ name: String, imports: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: imports, swiftSettings: laws)
}

func tests(_ name: String, imports: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: imports, swiftSettings: laws)
}

/// The search for inputs that break a promise needs a runtime that a normal build does not link; `deploy/dev fuzz` asks for it.
let search: [Target] =
  Context.environment["METERD_FUZZ"] == nil
  ? []
  : [
    .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
    .executableTarget(
      name: "meterd-fuzz", dependencies: ["FuzzTargets", "CFuzzer"], path: "Tests/Fuzz/meterd-fuzz",
      swiftSettings: laws + [.unsafeFlags(["-parse-as-library"])], linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
  ]

let package = Package(
  name: "meterd",
  products: [
    .executable(name: "meterd", targets: ["meterd"]),
    .executable(name: "meterd-lab", targets: ["meterd-lab"]),
    .library(name: "SteppedClock", type: .dynamic, targets: ["CSteppedClock"]),
  ],
  targets: [
    // Debian's libraries.
    library("CLibpq", header: "libpq", package: "libpq-dev"),
    library("CLibzstd", header: "libzstd", package: "libzstd-dev"),
    library("CMicrohttpd", header: "libmicrohttpd", package: "libmicrohttpd-dev"),
    library("CRdkafka", header: "rdkafka", package: "librdkafka-dev"),
    library("CXXHash", header: "libxxhash", package: "libxxhash-dev"),
    library("CYaml", header: "yaml-0.1", package: "libyaml-dev"),
    .target(
      name: "CSimdjson", cxxSettings: [.unsafeFlags(["-Wall", "-Werror"])], linkerSettings: [.linkedLibrary("simdjson")]
    ),
    .target(name: "CScan", cSettings: [.unsafeFlags(["-Wall", "-Werror"])]),
    .systemLibrary(name: "CTable"),

    // The pure middle.
    room("MeterModel", imports: []),
    room("MeterWire", imports: ["MeterModel", "CScan", "CSimdjson", "CLibzstd", "CXXHash"]),
    room("MeterCore", imports: ["MeterModel", "CTable"]),
    room("MeterRating", imports: ["MeterModel"]),

    // The edges.
    room("MeterConfig", imports: ["MeterModel", "CYaml"]),
    room("MeterTelemetry", imports: []),
    room("KafkaEdge", imports: ["MeterModel", "MeterTelemetry", "CRdkafka"]),
    room(
      "PostgresEdge", imports: ["MeterModel", "MeterTelemetry", "CLibpq"],
      embeds: [
        "0001_ledger", "0002_access", "0003_changes", "0004_quarantine", "0005_verify", "0006_sessions", "0007_catalog",
        "0008_periods", "0009_limits",
      ].map {
        "Migrations/\($0).sql"
      }),
    room("HTTPEdge", imports: ["MeterModel", "MeterTelemetry", "CMicrohttpd"]),

    // The daemon and the laboratory.
    room(
      "MeterRuntime",
      imports: [
        "MeterModel", "MeterWire", "MeterCore", "MeterRating", "MeterConfig", "MeterTelemetry", "KafkaEdge",
        "PostgresEdge",
        "HTTPEdge",
      ]),
    room("MeterOracle", imports: []),
    room("MeterLab", imports: ["CRdkafka"]),
    program(
      "meterd",
      imports: [
        "MeterModel", "MeterRating", "MeterConfig", "MeterTelemetry", "KafkaEdge", "PostgresEdge", "MeterRuntime",
        "CLibzstd",
      ]),
    program("meterd-lab", imports: ["MeterLab", "MeterOracle", "MeterConfig", "MeterModel", "CLibzstd"]),

    // Measuring: the core alone, beside other engines.
    .target(name: "CBenchCounts", path: "Benchmarks/CBenchCounts"),
    .executableTarget(
      name: "meterd-bench", dependencies: ["MeterModel", "MeterWire", "MeterCore", "CBenchCounts"],
      path: "Benchmarks/MeterBench", swiftSettings: laws),

    .executableTarget(
      name: "meterd-flush-bench", dependencies: ["MeterModel", "PostgresEdge", "TestStack"],
      path: "Benchmarks/FlushBench", swiftSettings: laws),
    .executableTarget(
      name: "meterd-end-bench", dependencies: ["TestStack"], path: "Benchmarks/EndBench", swiftSettings: laws),
    .executableTarget(
      name: "idle-consumer", dependencies: ["CRdkafka"], path: "Benchmarks/idle-consumer",
      cSettings: [.unsafeFlags(["-Wall", "-Werror"])], linkerSettings: [.linkedLibrary("rdkafka")]),

    // A file of tests for each room; the stack beneath the end-to-end ones is a library of its own.
    .target(name: "TestDice", path: "Tests/TestDice", swiftSettings: laws),
    .target(
      name: "TestLogs", dependencies: ["MeterModel", "MeterCore", "MeterOracle", "MeterLab", "CLibzstd", "TestDice"],
      path: "Tests/TestLogs", swiftSettings: laws),
    .target(
      name: "MeterSimulation",
      dependencies: ["MeterModel", "MeterWire", "MeterCore", "MeterOracle", "TestLogs", "TestDice"],
      path: "Tests/MeterSimulation", swiftSettings: laws),
    .executableTarget(
      name: "meterd-sim", dependencies: ["MeterSimulation"], path: "Tests/meterd-sim", swiftSettings: laws),
    .target(
      name: "ProtocolModel", dependencies: ["MeterModel", "MeterCore"], path: "Tests/ProtocolModel", swiftSettings: laws
    ),
    .executableTarget(
      name: "meterd-model", dependencies: ["ProtocolModel"], path: "Tests/meterd-model", swiftSettings: laws),
    .target(name: "TestStack", dependencies: ["CLibpq"], path: "Tests/TestStack", swiftSettings: laws),
    .target(name: "CSteppedClock", path: "Tests/CSteppedClock", cSettings: [.unsafeFlags(["-Wall", "-Werror"])]),
    .target(
      name: "Chaos",
      dependencies: ["MeterLab", "MeterOracle", "TestLogs", "TestDice", "TestStack", "CRdkafka"], path: "Tests/Chaos",
      swiftSettings: laws),
    .executableTarget(
      name: "meterd-chaos", dependencies: ["Chaos"], path: "Tests/meterd-chaos", swiftSettings: laws),
    .executableTarget(
      name: "naive-consumer", dependencies: ["CRdkafka"], path: "Tests/naive-consumer", swiftSettings: laws),
    tests("MeterModelTests", imports: ["MeterModel"]),
    tests("MeterWireTests", imports: ["MeterWire", "MeterModel", "MeterOracle", "CScan", "Proofs", "TestDice"]),
    tests("MeterCoreTests", imports: ["MeterCore", "MeterModel", "CTable", "TestDice"]),
    tests(
      "EngineTests",
      imports: [
        "MeterModel", "MeterWire", "MeterCore", "PostgresEdge", "MeterOracle", "TestDice", "TestLogs", "TestStack",
      ]),
    .target(name: "TestGolden", path: "Tests/TestGolden", swiftSettings: laws),
    tests("MeterRatingTests", imports: ["MeterRating", "MeterModel", "MeterConfig", "TestDice", "TestGolden"]),
    tests("SimulationTests", imports: ["MeterSimulation"]),
    tests("MeterConfigTests", imports: ["MeterConfig", "MeterModel"]),
    tests("MeterTelemetryTests", imports: ["MeterTelemetry"]),
    tests("MeterRuntimeTests", imports: ["MeterRuntime", "MeterModel", "PostgresEdge"]),
    tests(
      "KafkaEdgeTests",
      imports: ["KafkaEdge", "MeterModel", "MeterTelemetry", "MeterLab", "CRdkafka", "TestDice", "TestStack"]),
    tests("PostgresEdgeTests", imports: ["PostgresEdge", "MeterModel", "TestDice", "TestStack"]),
    tests("HTTPEdgeTests", imports: ["HTTPEdge", "MeterModel", "MeterTelemetry"]),
    tests("MeterOracleTests", imports: ["MeterOracle"]),
    .target(
      name: "TestTopics", dependencies: ["MeterLab", "CRdkafka"], path: "Tests/TestTopics", swiftSettings: laws),
    tests("MeterLabTests", imports: ["MeterLab", "TestTopics", "CRdkafka"]),
    tests(
      "ProtocolModelTests",
      imports: ["ProtocolModel", "MeterModel", "MeterCore", "PostgresEdge", "TestDice", "TestStack"]),
    tests("TestStackTests", imports: ["TestStack"]),
    tests("DaemonTests", imports: ["KafkaEdge", "TestStack", "TestDice", "TestGolden", "TestTopics"]),
    tests("ChaosTests", imports: ["Chaos", "TestStack"]),
    tests("TidyTests", imports: []),
    tests("BenchTests", imports: ["TestStack", "MeterOracle"]),
    .target(
      name: "FuzzTargets",
      dependencies: ["MeterModel", "MeterWire", "MeterConfig", "MeterOracle", "CLibzstd", "TestDice"],
      path: "Tests/Fuzz/FuzzTargets", swiftSettings: laws),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzTargets", "TestDice"], path: "Tests/Fuzz/FuzzTests", swiftSettings: laws),
    .target(
      name: "Proofs", dependencies: ["MeterModel", "MeterWire", "TestDice"], path: "Tests/Proofs/Proofs",
      swiftSettings: laws),
    .executableTarget(
      name: "meterd-prove", dependencies: ["Proofs"], path: "Tests/Proofs/meterd-prove", swiftSettings: laws),
  ] + search,
  cxxLanguageStandard: .cxx17
)
