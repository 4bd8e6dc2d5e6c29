import MeterConfig
import MeterModel
import PostgresEdge

enum Migrate {
  static func run(_ arguments: Arguments) throws(Complaint) -> ExitStatus {
    let outcome = try Schema.migrate(try arguments.settings().postgres.url.exposed)
    if outcome.from == outcome.to {
      print("schema meterd: already at version \(outcome.to)")
    } else {
      print("schema meterd: version \(outcome.from) -> \(outcome.to)")
    }
    if let advice = outcome.advice { complain(advice) }
    return .done
  }
}
