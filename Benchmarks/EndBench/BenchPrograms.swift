import Foundation
import TestStack

/// What the bench measures beside the daemon.
struct BenchPrograms {
  /// What the daemon counts by.
  static let catalog = """
    meters:
      - { name: api_calls, event: api.call, aggregate: count, dimensions: [endpoint, region] }
      - { name: tokens, event: llm.tokens, aggregate: sum, value: tokens, scale: 0, dimensions: [model] }
      - { name: storage_samples, event: storage.sample, aggregate: sum, value: gigabytes, dimensions: [volume] }
    """

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
