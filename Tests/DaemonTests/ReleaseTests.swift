import Foundation
import TestStack
import Testing

/// The binary that is shipped: linked against Debian's libraries and nothing of Swift's.
@Suite(.serialized) struct ReleaseTests {
  /// `deploy/dev test` names the folder of the release build; a bare `swift test` has only the debug one, which needs Swift's libraries.
  private static let isRelease = ProcessInfo.processInfo.environment["METERD_BIN_DIR"] != nil

  @Test(.enabled("METERD_BIN_DIR does not name a release build") { isRelease })
  func `the release binary runs and meters without a Swift installation`() throws {
    let folder = try TemporaryFolder("release")
    defer { folder.remove() }
    for name in ["meterd", "meterd-lab"] {
      try FileManager.default.copyItem(atPath: "\(Programs().folder)/\(name)", toPath: folder.path(of: name))
    }
    let libraries = try ChildProcess("/usr/bin/ldd", [folder.path(of: "meterd")])
    _ = try libraries.waitForExit()
    #expect(!libraries.output.contains("swift"), "\(libraries.output)")
    #expect(!libraries.output.contains("not found"), "\(libraries.output)")

    let version = try ChildProcess("/usr/bin/env", ["-i", "PATH=/nowhere", folder.path(of: "meterd"), "version"])
    #expect(try version.waitForExit() == .exited(0))
    #expect(
      version.output.contains("librdkafka") && version.output.contains("libpq") && version.output.contains("zstd"))

    try Stack.with(programs: Programs(in: folder.path)) { stack in
      try stack.apply(Expectation.catalog)
      try stack.startDaemon(environment: ["PATH": "/nowhere", "LD_LIBRARY_PATH": ""]).waitUntilReady()
      let expectation = Expectation(stack: stack, copy: try stack.load(1_000))
      try expectation.waitUntilCounted(1_000)
      #expect(try expectation.differences() == [])
    }
  }
}
