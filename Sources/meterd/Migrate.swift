import MeterConfig
import MeterModel
import PostgresEdge

enum Migrate {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let target = try arguments.settings().postgres.url.exposed
    _ = try ServerInspection.run(target)
    let outcome = try Schema.migrate(target)
    if outcome.from == outcome.to {
      print("schema meterd: already at version \(outcome.to)")
    } else {
      print("schema meterd: version \(outcome.from) -> \(outcome.to)")
    }
    if let advice = outcome.advice { complain(advice) }
    return .done
  }
}
