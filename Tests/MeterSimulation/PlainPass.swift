import MeterCore
import MeterModel
import MeterOracle
import MeterWire
import TestLogs

extension Script {
  /// The first record about which the engine and the recount disagree when nothing fails, moves or is sealed; nil when there is none.
  ///
  /// It tells a fault of the counting from one of the protocol around it.
  public var firstDisagreement: String? {
    var decoder = Decoder(eventBytesMax: HostileLog.eventBytesMax)
    var events = EventBatch()
    for (number, log) in logs.enumerated() {
      var tally = Tally(
        partition: PartitionNumber(Int32(number)), epoch: Epoch(1), cursor: log.start, highWaterMs: 0, rules: tallyRules
      )
      for record in log.records {
        var batch = RecordBatch()
        batch.append(record)
        batch.close()
        _ = decoder.decode(batch, from: 0, rules, into: &events)
        let outcome = tally.apply(batch, events, now: Instant(nanoseconds: Int64(settings.now.nanoseconds)))
        guard case .applied(let applied) = outcome else {
          return "log \(number) at \(record.offset): cold without a past"
        }
        let wanted = log.verdicts(OffsetRange(from: record.offset, to: record.offset + 1))
        guard applied.verdicts != wanted else { continue }
        let words = Verdict.allCases.filter { applied.verdicts[$0] != wanted[$0] }
          .map { "\(applied.verdicts[$0]) \($0.name), not \(wanted[$0])" }
        let text = String(decoding: record.value ?? [], as: UTF8.self)
        return
          "log \(number) at \(record.offset), timestamp \(record.timestampMs): \(words.joined(separator: "; ")): \(text)"
      }
    }
    return nil
  }

  /// Records whose value holds a text, for a person who looks into a difference.
  public func records(with text: String) -> [String] {
    logs.enumerated().flatMap { number, log in
      log.records.filter { String(decoding: $0.value ?? [], as: UTF8.self).contains(text) }.map { record in
        let wanted = log.verdicts(OffsetRange(from: record.offset, to: record.offset + 1))
        let verdicts = Verdict.allCases.filter { wanted[$0] > 0 }.map { "\($0.name) x\(wanted[$0])" }
        return "log \(number) at \(record.offset), timestamp \(record.timestampMs), \(verdicts): "
          + String(decoding: record.value ?? [], as: UTF8.self)
      }
    }
  }
}
