import Foundation

/// What a round came to; a line of the file of results.
public struct RoundReport: Sendable, Codable {
  public var seed: UInt64
  public var round: Int
  public var daemons = 0
  public var records = 0
  public var events = 0
  public var rows = 0
  public var differences = 0
  public var failures = 0
  /// Faults that were injected, and those of them that something was seen to feel.
  public var injected: [String: Int] = [:]
  public var felt: [String: Int] = [:]
  /// Flushes that the database refused because somebody else owned the partition.
  public var refused = 0
  /// Flushes in doubt by what became of them.
  public var committed = 0
  public var absent = 0
  public var doubtRefused = 0
  /// Sessions that PostgreSQL was told to end.
  public var terminated = 0
  /// Daemons that found a service missing at their start, and were started again.
  public var restarts = 0
  /// From the first daemon to the comparison, and what of it the flow took and the way to the log's end after it.
  public var seconds = 0.0
  public var flowSeconds = 0.0
  public var drainSeconds = 0.0
  public var recountSeconds = 0.0

  public var isSound: Bool { differences == 0 && failures == 0 }
  public var faults: Int { injected.values.reduce(0, +) }

  /// One line for a person.
  public var line: String {
    let kinds = FaultKind.allCases.compactMap { kind -> String? in
      injected[kind.rawValue].map { "\(kind.rawValue) \($0)" }
    }
    return
      "round \(round): \(events) events, \(faults) faults (\(kinds.joined(separator: ", "))), \(refused) stale flushes "
      + "refused, in doubt \(committed) committed \(absent) not, \(rows) rows compared, \(differences) differences"
      + (failures > 0 ? ", \(failures) FAILURES" : "")
      + ", \(Int(seconds.rounded())) s (flow \(Int(flowSeconds.rounded())), drain \(Int(drainSeconds.rounded())), recount "
      + "\(Int(recountSeconds.rounded())))"
  }

  public static func decode(_ line: String) throws -> RoundReport {
    try JSONDecoder().decode(RoundReport.self, from: Data(line.utf8))
  }

  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(self) else { preconditionFailure("numbers can be encoded") }
    return String(decoding: data, as: UTF8.self)
  }
}
