import Foundation

extension PostgresCluster {
  /// A server that follows `primary` by streaming, made with pg_basebackup and not started yet.
  public convenience init(
    standbyOf primary: PostgresCluster, _ label: String = "standby", settings: [String: String] = [:]
  ) throws(StackFailure) {
    try self.init(label, durable: false, settings: settings.merging(["hot_standby": "on"]) { $1 }) {
      (data) throws(StackFailure) in
      try PostgresBinaries.run(
        "\(try PostgresBinaries.folder.get())/pg_basebackup",
        [
          "-D", data, "-R", "-X", "stream", "-c", "fast", "-d",
          "host=127.0.0.1 port=\(primary.port) user=postgres dbname=postgres application_name=\(label)",
        ])
    }
  }

  /// A primary and a standby that follows it, both started, for as long as `body` lasts.
  public static func withStandby(_ body: (_ primary: PostgresCluster, _ standby: PostgresCluster) throws -> Void) throws
  {
    let primary = try PostgresCluster("primary")
    try primary.start()
    defer { try? primary.remove() }
    let standby = try PostgresCluster(standbyOf: primary)
    try standby.start()
    defer { try? standby.remove() }
    try body(primary, standby)
  }

  /// Makes a standby a primary of its own.
  public func promote() throws(StackFailure) {
    let admin = try Database(url())
    defer { admin.close() }
    guard try admin.scalar("select pg_promote(true, 60)") == "t" else {
      throw StackFailure(at: "postgres", "the standby was not promoted")
    }
  }

  /// One URL for several servers, the first of them to be tried first.
  public static func url(of clusters: [PostgresCluster], _ database: String) -> String {
    "postgresql://postgres@\(clusters.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))/\(database)"
  }
}
