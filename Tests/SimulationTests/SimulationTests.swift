import Foundation
import MeterSimulation
import Testing

/// Worlds in which everything fails that can, against the independent recount.
@Suite struct SimulationTests {
  #if DEBUG
  static let sizes = (scripts: 2 as UInt64, records: 800)
  #else
  static let sizes = (
    scripts: UInt64(ProcessInfo.processInfo.environment["METERD_TEST_SEEDS"] ?? "12", radix: 10)!, records: 10_000
  )
  #endif
  private static let shared = Experiment.seedsToAScript

  @Test func `no law is broken, and all that can happen does`() throws {
    var search = Search(records: Self.sizes.records)
    var incidents = Incidents()
    // Every fourth script is also recounted in the middle of a run; the first of these is one.
    for seed in 4 * Self.shared..<(4 + Self.sizes.scripts) * Self.shared {
      let experiment = try search.run(seed)
      #expect(experiment.flaw == nil, "seed \(seed)")
      incidents += experiment.incidents
    }
    #expect(incidents.missing.isEmpty, "\(incidents.words)")
  }

  @Test func `quarantined events that are replayed under all of that are counted once each, and nothing else changes`()
    throws
  {
    var search = Search(records: Self.sizes.records)
    var incidents = Incidents()
    for seed in 8 * Self.shared..<(8 + Self.sizes.scripts) * Self.shared {
      let experiment = try search.run(seed, hasReplays: true)
      #expect(experiment.flaw == nil, "seed \(seed)")
      incidents += experiment.incidents
    }
    #expect(incidents.replays > 0 && incidents.missing.isEmpty, "\(incidents.words)")
  }

  @Test func `a seed is a whole experiment`() throws {
    let script = try Experiment.script(of: 7, records: Self.sizes.records)
    let again = try Experiment.script(of: 7, records: Self.sizes.records)
    for seed in 7...9 as ClosedRange<UInt64> {
      let first = Experiment(seed: seed, script: script)
      let second = Experiment(seed: seed, script: again)
      #expect(first.trace == second.trace, "seed \(seed)")
      #expect(first.state == second.state, "seed \(seed)")
      #expect(first.incidents == second.incidents, "seed \(seed)")
    }
  }

  @Test func `however records are batched, sealed and moved about, the tables end the same to the last byte`() throws {
    let script = try Experiment.script(of: 32, records: Self.sizes.records)
    let ways = (32...37 as ClosedRange<UInt64>).map { Experiment(seed: $0, script: script) }
    #expect(ways.allSatisfy { $0.flaw == nil })
    #expect(ways[0].tables.count > Self.sizes.records)
    #expect(Set(ways.map(\.tables)).count == 1)
    // They did not go the same way.
    #expect(Set(ways.map(\.trace)).count == ways.count)
    #expect(Set(ways.map(\.incidents.flushes)).count > 1)
  }

  @Test(arguments: KeptSeed.all)
  func `a seed that taught something breaks no law any more`(_ kept: KeptSeed) throws {
    var search = Search(records: kept.records)
    #expect(try search.run(kept.seed).flaw == nil, "\(kept.lesson)")
  }
}
