import MeterSimulation
import Testing

/// A simulation proves as much as it would notice: every mistake that is planted in it must be caught.
@Suite struct PlantedBugTests {
  /// How many seeds may go by before one notices.
  private static let seedsMax: UInt64 = 128
  private static let records = 1_500

  /// The seed that noticed first when last looked (`deploy/dev sim --seeds 128 --events 1500 --plant`). It is asked first, and saves
  /// time; if it notices nothing any more, all are asked.
  private static let hints: [PlantedBug: UInt64] = [
    .lastFlushNotCompared: 9, .claimLiftsHalt: 3, .resentWithNewContents: 3, .sealedFlushStillCounts: 3,
    .twoFlushesInFlight: 5, .unknownTakenForRetriable: 5, .stopReadingIgnored: 6, .readFromKafkasOffset: 3,
    .resolveTakenForAbsent: 6, .restoreForgetsNewestPage: 6, .fenceIgnored: 7, .claimKeepsEpoch: 7,
    .pagesOutsideTheTransaction: 59, .beginOverwrites: 9, .generationsForgottenEarly: 17, .fenceIgnoredByDaemon: 21,
    .loadForgetsWhatWasSummed: 16, .claimReadsBeforeItLocks: 72, .pausedBatchDropped: 18,
    .evictedBeforeTheCommit: 84, .maxAddsUp: 32, .wakeForgotten: 14, .voidMarksNotRestored: 32,
    .halfABatchCounted: 34, .emptyRecordsPassedOver: 35, .cursorNotCompared: 38, .minForgetsTheRow: 48,
    .latestByArrival: 48, .failedHaltForgotten: 163,
  ]

  private struct Catch {
    var seed: UInt64
    var records: Int
    var duration: Duration
    var flaw: String
  }

  @Test func `every planted bug is caught within a few seeds`() throws {
    var search = Search(records: Self.records)
    var lines: [String] = []
    #expect(PlantedBug.allCases.count >= 24)
    // In the order of their scripts, so that each is made once.
    for bug in PlantedBug.allCases.sorted(by: { Self.hints[$0] ?? 1 < Self.hints[$1] ?? 1 }) {
      guard let found = try seek(bug, &search) else {
        Issue.record("\(bug.words): no seed up to \(Self.seedsMax) noticed")
        continue
      }
      let milliseconds = found.duration / .milliseconds(1)
      lines.append(
        "\(bug.rawValue) | \(found.seed) | \(found.records) | \(Int(milliseconds)) | \(found.flaw.prefix(100))")
    }
    print("planted bug | seed | records | milliseconds | what was noticed")
    print(lines.joined(separator: "\n"))
  }

  private func seek(_ bug: PlantedBug, _ search: inout Search) throws -> Catch? {
    let began = ContinuousClock.now
    var records = 0
    for seed in [Self.hints[bug] ?? 1] + Array(1...Self.seedsMax) {
      let experiment = try search.run(seed, planted: bug)
      records += experiment.incidents.counted
      if let flaw = experiment.flaw {
        return Catch(seed: seed, records: records, duration: ContinuousClock.now - began, flaw: flaw)
      }
    }
    return nil
  }

  @Test func `without a planted bug the same seeds notice nothing`() throws {
    var search = Search(records: Self.records)
    for seed in Set(Self.hints.values).sorted() {
      #expect(try search.run(seed).flaw == nil, "seed \(seed)")
    }
  }
}
