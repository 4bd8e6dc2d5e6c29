import Foundation
import TestStack

/// What the bench measures beside the daemon.
struct BenchPrograms {
  let idleConsumer: String
  /// The daemon that only counts; nil where it was not built. METERD_ONLY_COUNTS names it.
  let onlyCounts: String?

  init() throws {
    idleConsumer = "\(Programs.built)/idle-consumer"
    guard FileManager.default.isExecutableFile(atPath: idleConsumer) else {
      throw StackFailure(at: "bench", "there is no '\(idleConsumer)'", remedy: "run deploy/dev bench e2e")
    }
    let named = ProcessInfo.processInfo.environment["METERD_ONLY_COUNTS"] ?? ""
    onlyCounts = named.isEmpty ? nil : named
  }
}
