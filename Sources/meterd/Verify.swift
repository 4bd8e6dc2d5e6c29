import MeterConfig
import MeterModel
import MeterTelemetry
import PostgresEdge

enum Verify {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let report = try Books.verify(try arguments.settings().postgres.url.exposed)
    for difference in report.differences {
      print(arguments.has("json") ? json(difference) : "\(difference.subject): \(difference.problem)")
    }
    guard report.differences.isEmpty else {
      // Nothing that an operator may do makes the books disagree, so whoever sees this has found a mistake of ours, or of somebody
      // who wrote to the tables.
      throw Complaint(
        .bug, at: arguments.here, "the books do not add up (\(report.differences.count) differences)",
        remedy: "see the runbook before anything is changed")
    }
    if !arguments.has("json") {
      print(
        "everything adds up: \(report.partitions) partitions, \(report.events) events, \(report.rollups) rollups, "
          + "\(report.identities) identities")
    }
    return .done
  }

  private static func json(_ difference: Books.Difference) -> String {
    var json = JSONText()
    json.object { json in
      json.member("subject", difference.subject)
      json.member("problem", difference.problem)
    }
    return String(decoding: json.bytes, as: UTF8.self)
  }
}
