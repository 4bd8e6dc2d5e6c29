import MeterModel

/// What `meterd check --connect` finds at PostgreSQL.
public enum PostgresSurvey {
  public static func run(_ target: String) throws(Complaint) -> [String] {
    let connection = try Schema.connect(target)
    do throws(PostgresError) {
      let rows = try connection.execute(
        """
        select current_setting('server_version'), current_setting('server_encoding'), current_setting('synchronous_commit'),
          pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on'
        """)
      let installed = try Schema.installed(connection)
      var lines = ["server \(rows.text(0, 0) ?? "?"), encoding \(rows.text(0, 1) ?? "?")"]
      lines.append(
        installed == Schema.version
          ? "schema meterd at version \(installed), this build's"
          : installed == 0
            ? "no schema meterd yet; run meterd migrate"
            : "schema meterd at version \(installed), this build has \(Schema.version)")
      if rows.text(0, 2) == "off" {
        lines.append("synchronous_commit is off: a crash of the server can lose what was acknowledged")
      }
      if rows.text(0, 3) == "t" { lines.append("the server is read-only") }
      return lines
    } catch {
      throw Schema.complaint(error, at: "postgres")
    }
  }
}
