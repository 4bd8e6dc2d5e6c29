import Glibc
import MeterLab
import MeterModel
import MeterOracle

/// The records of a file for a replay; no more than a piece of it and a line are in memory.
struct RecordFileSource: RecordSource {
  /// Lines may hold the largest value that `events.max_size` allows.
  private static let eventBytesMax = 64 << 20

  private let topic: OracleText
  private let path: String
  private let descriptor: Int32
  private var log: EventLog
  private var waiting: ArraySlice<OracleRecord> = []
  private var isAtEnd = false

  /// `-` is stdin. The file stays open as long as the process, which reads one.
  init(path: String, topic: String) throws(Complaint) {
    self.topic = OracleText(topic)
    self.path = path
    log = EventLog(.records(topic: self.topic), maxEventBytes: Self.eventBytesMax)
    descriptor = try log.begin(path)
  }

  mutating func next() throws(LabError) -> ReplayedRecord? {
    do throws(Complaint) {
      while waiting.isEmpty, !isAtEnd { try read() }
    } catch {
      throw .input(place: error.place, problem: error.problem, remedy: error.remedy)
    }
    guard let record = waiting.popFirst() else { return nil }
    // librdkafka takes 0 for the present.
    guard record.timestampMs != 0 else { throw refused(record, "has the timestamp 0", "give it a later one") }
    guard record.topic == topic else {
      throw refused(record, "is of topic '\(record.topic)'", "name that with '--topic', or split the file")
    }
    return ReplayedRecord(record)
  }

  private mutating func read() throws(Complaint) {
    if let records = try log.piece(of: descriptor) {
      waiting += records
      return
    }
    isAtEnd = true
    var last: [OracleRecord] = []
    try log.end { last.append($0) }
    waiting += last
  }

  private func refused(_ record: OracleRecord, _ problem: String, _ remedy: String) -> LabError {
    .input(
      place: "events: \(path)", problem: "offset \(record.offset) of partition \(record.partition) \(problem)",
      remedy: remedy)
  }
}

extension ReplayedRecord {
  init(_ record: OracleRecord) {
    self.init(
      partition: record.partition, timestampMs: record.timestampMs, key: record.key,
      headers: record.headers.map { RecordHeader(name: $0.name.bytes, value: $0.value) }, value: record.value)
  }
}
