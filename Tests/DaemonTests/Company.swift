import Foundation
import TestStack

/// Daemons of one group that come and go under a steady flow.
final class Company {
  /// Short, so that a rebalance of the laboratory's broker takes seconds.
  static let quick = [
    "kafka.properties.session.timeout.ms": "\"4500\"", "kafka.properties.heartbeat.interval.ms": "\"500\"",
  ]

  let stack: Stack
  private let settings: [String: String]
  private let environment: [String: String]

  init(_ stack: Stack, _ settings: [String: String] = [:], environment: [String: String] = [:]) {
    self.stack = stack
    self.settings = Self.quick.merging(settings) { $1 }
    self.environment = environment
  }

  /// `own` is what only this one is told.
  func join(_ own: [String: String] = [:]) throws -> Daemon {
    try stack.startDaemon(settings.merging(own) { $1 }, environment: environment)
  }

  /// The first one, in mid-flow: it has counted more than so many events of a load that goes on.
  func begin(counted: Int = 0) throws -> (daemon: Daemon, load: Load) {
    try stack.apply(Expectation.catalog)
    let daemon = try join().waitUntilReady()
    let load = try Load(stack, rate: 500)
    try eventually("the flow has begun") { try daemon.counted() > counted }
    return (daemon, load)
  }

  /// Who has partitions, as the tables know it: those that every one of these processes has claimed, and nobody else.
  func waitUntilShared(by daemons: [Daemon]) throws {
    let numbers = Set(daemons.map { "\($0.process.pid)" })
    try eventually("partitions are shared by \(daemons)", within: .patience) { try self.owners() == numbers }
  }

  private func owners() throws -> Set<String> {
    Set(
      try stack.database.query("select distinct split_part(owner, '/', 2) from meterd.progress").compactMap { $0[0] })
  }

  /// Where librdkafka of a version that hands partitions over cooperatively is, as a folder for LD_LIBRARY_PATH; nil where the
  /// Python client, which carries one, is not installed.
  static let newerLibrary: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let libraries = root.appendingPathComponent(".build/venv/lib").path
    guard let versions = try? FileManager.default.contentsOfDirectory(atPath: libraries) else { return nil }
    for version in versions {
      let folder = "\(libraries)/\(version)/site-packages/confluent_kafka.libs"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      guard let name = names.first(where: { $0.hasPrefix("librdkafka-") }), let own = try? TemporaryFolder("library")
      else { continue }
      // The loader knows it by this name only.
      let link = own.path(of: "librdkafka.so.1")
      try? FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "\(folder)/\(name)")
      return own.path
    }
    return nil
  }()
}
