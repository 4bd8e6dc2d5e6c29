import Foundation
import MeterLab
import TestStack

/// A number of rounds, one after the other, and what they came to together.
public struct Sitting {
  private let options: ChaosOptions
  /// Where the evidence of unsound rounds is kept; nil keeps none.
  private let evidence: String?
  private let spoiling: (@Sendable (Database) throws -> Void)?
  private let say: (String) -> Void

  /// `spoiling` makes a round's fresh database wrong on purpose, to see that it is noticed.
  public init(
    _ options: ChaosOptions, evidence: String?, spoiling: (@Sendable (Database) throws -> Void)? = nil,
    say: @escaping (String) -> Void
  ) {
    self.options = options
    self.evidence = evidence
    self.spoiling = spoiling
    self.say = say
  }

  /// The rounds' sum; each is told when it is over.
  public func run() throws -> Summary {
    for kind in options.kinds {
      if let hindrance = kind.hindrance { say("\(kind.rawValue) is left out: \(hindrance)") }
    }
    if options.kinds.contains(.clock), SteppedClock.preload == nil {
      throw StackFailure(
        at: "chaos", "there is no libSteppedClock.so in '\(Programs.built)'", remedy: "build it, or leave out 'clock'")
    }
    let server = try Server(onSmallDisks: options.kinds.contains(.diskfull) && SmallDisk.isPossible)
    defer { server.remove() }
    let shelf = RecountShelf()
    var summary = Summary()
    for number in options.from..<options.from + options.rounds {
      let round = try Round(RoundPlan(options, round: number), server, shelf, tells: options.tells)
      try round.prepare(spoiling)
      let report = try round.run(evidence: evidence, keeps: options.keeps)
      summary.add(report)
      say(report.line)
      if !report.isSound { say(round.complaint(evidence)) }
      if let results = options.results { try append(report.json + "\n", to: results) }
      try server.cluster.dropDatabase(round.stack.databaseURL)
    }
    return summary
  }

  /// The log of one round as a record file.
  public func writeLog(to path: String) throws {
    let plan = RoundPlan(options, round: options.from)
    guard FileManager.default.createFile(atPath: path, contents: nil) else {
      throw StackFailure(at: "chaos", "cannot write '\(path)'")
    }
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? file.close() }
    var stream = try ChaosStream(seed: plan.logSeed, count: plan.records, partitions: plan.partitions)
    var ends = [Int](repeating: 0, count: plan.partitions)
    var text = ""
    while let record = stream.next() {
      text += Self.line(record, offset: ends[record.partition])
      ends[record.partition] += 1
      if text.utf8.count > 1 << 20 {
        try file.write(contentsOf: Data(text.utf8))
        text = ""
      }
    }
    try file.write(contentsOf: Data(text.utf8))
  }

  private static func line(_ record: ReplayedRecord, offset: Int) -> String {
    func base64(_ bytes: [UInt8]?) -> String { bytes.map { "\"\(Data($0).base64EncodedString())\"" } ?? "null" }
    let headers = record.headers.map { header in
      "[\"\(String(decoding: header.name, as: UTF8.self))\",\(base64(header.value))]"
    }
    let value = record.value == nil ? "\"value\":null" : "\"value_base64\":\(base64(record.value))"
    return "{\"partition\":\(record.partition),\"offset\":\(offset),\"timestamp\":\(record.timestampMs),"
      + "\"key_base64\":\(base64(record.key)),\"headers\":[\(headers.joined(separator: ","))],\(value)}\n"
  }

  /// Reads back what sittings have written.
  public static func sum(_ path: String) throws -> Summary {
    var summary = Summary()
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
      summary.add(try RoundReport.decode(String(line)))
    }
    return summary
  }

  private func append(_ text: String, to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
  }
}
