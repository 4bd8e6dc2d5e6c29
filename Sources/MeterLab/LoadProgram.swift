/// `meterd-lab load`: sends an `EventStream` somewhere and accounts for every record of it.
public enum LoadProgram {
  /// For `--help`.
  public static let help = """
    Sends seeded, realistic CloudEvents to a topic, or writes them to a file, at a rate or as fast as it goes, and ends
    with a one-line summary on stdout. The exit status is 0 only if every record was acknowledged. SIGINT or SIGTERM ends
    it early but cleanly: what was sent is waited for; a second one gives that up, and what is then open has failed.

    With the clock 'stream' the events are a function of seed and options alone; with 'wall', the default, their times are
    those of the machine's clock. A test broker keeps about 5 MB a partition and silently drops its oldest: compress, use
    more partitions, or send less. It does not recognise a batch that comes a second time, so cutting its connections
    while a load runs may leave records twice in the log and once in a copy.
    """

  /// Events between two looks at clock and signals when nothing paces them: about a millisecond's worth.
  private static let batch = 512

  /// Runs to the end, prints the summary and returns the exit status.
  public static func run(_ options: LoadOptions) throws(LabError) -> Int32 {
    let stop = try StopSignal()
    let summary = try load(options) { stop.wasRaised() }
    let text = options.summaryAsJSON ? summary.json : summary.line
    try FileDescriptor(options.output, path: "stdout").write(Array((text + "\n").utf8))
    let isIncomplete = summary.failed > 0 || (options.copy != nil && summary.unplaced > 0)
    return isIncomplete ? 69 : 0
  }

  /// The same without signals and output, for a caller that has its own; `wasStopped` takes one request to stop each
  /// time it says true.
  public static func load(_ options: LoadOptions, wasStopped: () -> Bool) throws(LabError) -> LoadSummary {
    try options.validate()
    var stream = try EventStream(options.stream)
    let sink: any RecordSink =
      switch options.target {
      case .topic(let producer): try TopicSink(producer, copy: options.copy)
      case .file(let path, let format): try FileSink(path: path, format: format)
      }
    let startedNs = MachineClock.monotonicNs()
    var progress = ProgressLine(options, nowNs: startedNs)
    defer { progress.clear() }
    try send(&stream, to: sink, options, startedNs, &progress, wasStopped)
    try sink.settle(isStopping: wasStopped)
    return summary(of: sink.ledger, seconds: Double(MachineClock.monotonicNs() - startedNs) / 1e9)
  }

  private static func send(
    _ stream: inout EventStream, to sink: any RecordSink, _ options: LoadOptions, _ startedNs: Int64,
    _ progress: inout ProgressLine, _ wasStopped: () -> Bool
  ) throws(LabError) {
    let countMax = options.count ?? .max
    let endNs = options.seconds.map { startedNs + Int64($0 * 1e9) } ?? .max
    var pace = options.rate.map { Pace(rate: $0, nowNs: startedNs) }
    var record = GeneratedRecord()
    while stream.count < countMax, !sink.ledger.isFatal {
      let nowNs = MachineClock.monotonicNs()
      if nowNs >= endNs || wasStopped() { return }
      progress.update(sent: sink.ledger.sent, failed: sink.ledger.failed, nowNs: nowNs)
      let due = min(pace?.due(nowNs: nowNs) ?? batch, batch, countMax - stream.count)
      for _ in 0..<due {
        switch options.clock {
        case .stream: stream.next(into: &record)
        case .wall: stream.next(into: &record, at: MachineClock.wallNs())
        }
        if try !sink.send(record, isStopping: wasStopped) { return }
      }
      pace?.count(due)
      try sink.collect()
      if due < batch, let pace, stream.count < countMax {
        // Short enough that a signal is seen, and the end kept, within a tenth of a second.
        let waitNs = min(pace.waitNs(nowNs: nowNs), 100_000_000, max(0, endNs - nowNs))
        if waitNs > 0 { MachineClock.sleep(ns: waitNs) }
      }
    }
  }

  private static func summary(of ledger: DeliveryLedger, seconds: Double) -> LoadSummary {
    LoadSummary(
      sent: ledger.sent, acknowledged: ledger.acknowledged, failed: ledger.failed, duplicates: ledger.duplicates,
      late: ledger.late, malformed: ledger.malformed, seconds: seconds, partitions: ledger.partitions,
      failures: ledger.failures, unplaced: ledger.unplaced)
  }
}
