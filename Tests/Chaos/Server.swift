import TestStack

/// The PostgreSQL of a sitting: a cluster of its own, on small disks where this process may make them.
final class Server: Sendable {
  enum Disk: Sendable, CaseIterable {
    case tables, log
  }

  private static let tablesMebibytes = 2_048
  /// Several times what is kept between checkpoints, so that it is full only when it is made so.
  private static let logMebibytes = 1_024

  let cluster: PostgresCluster
  private let tables: SmallDisk?
  private let log: SmallDisk?

  init(onSmallDisks: Bool) throws {
    cluster = try PostgresCluster(
      "chaos",
      settings: [
        "shared_buffers": "128MB", "max_wal_size": "192MB", "min_wal_size": "32MB", "wal_recycle": "off",
        "wal_init_zero": "off",
      ])
    if onSmallDisks {
      tables = try SmallDisk(at: "\(cluster.folder)/data", mebibytes: Self.tablesMebibytes)
      log = try SmallDisk(at: "\(cluster.folder)/data/pg_wal", mebibytes: Self.logMebibytes)
    } else {
      tables = nil
      log = nil
    }
    try cluster.start()
  }

  subscript(disk: Disk) -> SmallDisk? { disk == .tables ? tables : log }

  func remove() {
    try? cluster.stop(.immediate)
    log?.unmount()
    tables?.unmount()
    try? cluster.remove()
  }
}
