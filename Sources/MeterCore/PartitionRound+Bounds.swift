import MeterModel

extension PartitionRound {
  /// How long and how much a partition may wait before its counts go to the database.
  public struct Bounds: Sendable {
    public var flushInterval: TimeSpan
    public var flushRows: Int
    /// Counting goes on behind an unresolved flush until this many bytes are pending, then the partition is not read.
    public var pendingBytes: Int
    public var retryFirst: TimeSpan
    public var retryLast: TimeSpan
    /// An idle partition commits its clock this often.
    public var idleCommit: TimeSpan

    public init(
      flushInterval: TimeSpan, flushRows: Int, pendingBytes: Int, retryFirst: TimeSpan = .milliseconds(200),
      retryLast: TimeSpan = .seconds(5), idleCommit: TimeSpan = .seconds(5)
    ) {
      self.flushInterval = flushInterval
      self.flushRows = flushRows
      self.pendingBytes = pendingBytes
      self.retryFirst = retryFirst
      self.retryLast = retryLast
      self.idleCommit = idleCommit
    }
  }
}
