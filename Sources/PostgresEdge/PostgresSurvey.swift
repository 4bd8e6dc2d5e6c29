import MeterModel

/// What `meterd check --connect` finds at PostgreSQL.
public enum PostgresSurvey {
  public static func run(_ target: String) throws(Complaint) -> [String] {
    let server = try ServerInspection.run(target)
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let installed = try Schema.installed(connection)
      let schema =
        switch installed {
        case Schema.version: "schema meterd at version \(installed), this build's"
        case 0: "no schema meterd yet; run meterd migrate"
        case Schema.version + 1:
          "schema meterd at version \(installed), one step ahead of this build's \(Schema.version)"
        default: "schema meterd at version \(installed), this build has \(Schema.version)"
        }
      return server.description + [schema] + server.warnings
    } catch {
      throw Schema.complaint(error, at: "postgres")
    }
  }
}
