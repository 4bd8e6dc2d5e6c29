/// `meterd-lab load`: sends an `EventStream` somewhere and accounts for every record of it.
public enum LoadProgram {
  /// For `--help`.
  public static let help = """
    Sends seeded, realistic CloudEvents to a topic, or writes them to a file, at a rate or as fast as it goes, and ends
    with a one-line summary on stdout. The exit status is 0 only if every record was acknowledged. SIGINT or SIGTERM ends
    it early but cleanly: what was sent is waited for; a second one gives that up, and what is then open has failed.

    With '--from' it sends the records of a file instead, each as it stands there: to its partition, with its key, headers
    and timestamp, and with the very bytes of its value or none. Offsets are the broker's: the same on a fresh topic.

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
    return try report(load(options) { stop.wasRaised() }, options)
  }

  /// The same for the records of a source.
  public static func run(_ options: LoadOptions, replaying source: some RecordSource) throws(LabError) -> Int32 {
    let stop = try StopSignal()
    return try report(replay(source, options) { stop.wasRaised() }, options)
  }

  private static func report(_ summary: LoadSummary, _ options: LoadOptions) throws(LabError) -> Int32 {
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
    var record = GeneratedRecord()
    return try drive(sink, options, wasStopped) { () throws(LabError) -> Bool in
      switch options.clock {
      case .stream: stream.next(into: &record)
      case .wall: stream.next(into: &record, at: MachineClock.wallNs())
      }
      return try sink.send(record, isStopping: wasStopped)
    }
  }

  /// Sends what a source holds to a topic, without signals and output.
  public static func replay(
    _ source: some RecordSource, _ options: LoadOptions, wasStopped: () -> Bool
  ) throws(LabError) -> LoadSummary {
    try options.validate()
    guard case .topic(let producer) = options.target else {
      throw .option(name: "from", value: "a file", bound: "only for a topic")
    }
    var source = source
    let sink = try TopicSink(producer, copy: options.copy)
    return try drive(sink, options, wasStopped) { () throws(LabError) -> Bool in
      guard let record = try source.next() else { return false }
      return try sink.send(record, isStopping: wasStopped)
    }
  }

  /// Makes and sends one record after the other with `sendNext`, until that says false, and waits for all of them.
  private static func drive(
    _ sink: any RecordSink, _ options: LoadOptions, _ wasStopped: () -> Bool, _ sendNext: () throws(LabError) -> Bool
  ) throws(LabError) -> LoadSummary {
    let startedNs = MachineClock.monotonicNs()
    var progress = ProgressLine(options, nowNs: startedNs)
    defer { progress.clear() }
    try send(to: sink, options, startedNs, &progress, wasStopped, sendNext)
    try sink.settle(isStopping: wasStopped)
    return summary(of: sink.ledger, seconds: Double(MachineClock.monotonicNs() - startedNs) / 1e9)
  }

  private static func send(
    to sink: any RecordSink, _ options: LoadOptions, _ startedNs: Int64, _ progress: inout ProgressLine,
    _ wasStopped: () -> Bool, _ sendNext: () throws(LabError) -> Bool
  ) throws(LabError) {
    let countMax = options.count ?? .max
    let endNs = options.seconds.map { startedNs + Int64($0 * 1e9) } ?? .max
    var pace = options.rate.map { Pace(rate: $0, nowNs: startedNs) }
    var count = 0
    while count < countMax, !sink.ledger.isFatal {
      let nowNs = MachineClock.monotonicNs()
      if nowNs >= endNs || wasStopped() { return }
      progress.update(sent: sink.ledger.sent, failed: sink.ledger.failed, nowNs: nowNs)
      let due = min(pace?.due(nowNs: nowNs) ?? batch, batch, countMax - count)
      for _ in 0..<due where try !sendNext() { return }
      count += due
      pace?.count(due)
      try sink.collect()
      if due < batch, let pace, count < countMax {
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
