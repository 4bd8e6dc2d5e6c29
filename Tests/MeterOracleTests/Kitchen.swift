import MeterOracle

/// 2026-11-21T10:15:00Z, when every record of these tests was written unless it says otherwise.
let quarterPastTen: Int64 = 1_795_256_100_000
/// The window that holds it: 10:00 to 11:00.
let ten: Int64 = 1_795_255_200
let eleven: Int64 = 1_795_258_800

func bytes(_ text: String) -> [UInt8] {
  Array(text.utf8)
}

/// The members of an event between its braces. `extra` is put in verbatim, with a comma before it.
func event(
  id: String = "e1", source: String = "s", type: String = "t", subject: String = "acme", time: String? = nil,
  data: String? = nil, extra: String = ""
) -> String {
  let members = [
    "\"specversion\":\"1.0\"", "\"id\":\"\(id)\"", "\"source\":\"\(source)\"", "\"type\":\"\(type)\"",
    "\"subject\":\"\(subject)\"", time.map { "\"time\":\"\($0)\"" }, data.map { "\"data\":\($0)" },
  ]
  return "{" + members.compactMap { $0 }.joined(separator: ",") + extra + "}"
}

func void(_ original: String, id: String, time: String? = nil, data: String? = nil, type: String = "t") -> String {
  event(id: id, type: type, time: time, data: data, extra: ",\"correction\":\"void\",\"corrects\":\"\(original)\"")
}

func adjust(id: String, type: String = "t", data: String) -> String {
  event(id: id, type: type, data: data, extra: ",\"correction\":\"adjust\"")
}

let calls = OracleMeter(name: "calls", event: "t", aggregate: .count)
let tokens = OracleMeter(name: "tokens", event: "t", aggregate: .sum, value: "n", scale: 2)

func meter(_ aggregate: OracleAggregate, scale: Int = 9, hold: Duration? = nil) -> OracleMeter {
  OracleMeter(name: "m", event: "t", aggregate: aggregate, value: "n", scale: scale, hold: hold)
}

/// An oracle that is fed one value after the other, each at the next offset of partition 0.
struct Kitchen {
  var oracle: Oracle
  private var next: [Int: Int64] = [:]

  /// The stand-in for zstd: a "frame" is the letter z and the content; anything else is no frame.
  init(_ meters: [OracleMeter] = [calls], _ change: (inout OracleSettings) -> Void = { _ in }) {
    var settings = OracleSettings(now: OracleInstant(milliseconds: quarterPastTen))
    change(&settings)
    oracle = Oracle(settings: settings, meters: meters) { frame, limit in
      frame.first == UInt8(ascii: "z") ? Array(frame.dropFirst().prefix(limit)) : nil
    }
  }

  mutating func take(
    _ value: [UInt8]?, at timestampMs: Int64 = quarterPastTen, partition: Int = 0, headers: [(String, String)] = []
  ) {
    let offset = next[partition] ?? 0
    next[partition] = offset + 1
    oracle.take(
      OracleRecord(
        topic: "usage.events", partition: partition, offset: offset, timestampMs: timestampMs,
        headers: headers.map { OracleRecord.Header(name: OracleText($0.0), value: bytes($0.1)) }, value: value))
  }

  mutating func take(
    _ value: String, at timestampMs: Int64 = quarterPastTen, partition: Int = 0, headers: [(String, String)] = []
  ) {
    take(bytes(value), at: timestampMs, partition: partition, headers: headers)
  }

  func results(upTo seconds: Int64 = eleven) -> OracleResults {
    oracle.results(upTo: OracleInstant(seconds: seconds))
  }

  var reasons: [OracleReason] {
    results().quarantine.map(\.reason)
  }

  /// Of partition 0.
  func count(_ verdict: OracleVerdict) -> Int {
    results().accounting.first.map { $0[verdict] } ?? 0
  }

  /// `tenant meter value,value start quantity xevents`, the start in hours after ten o'clock.
  func rows(upTo seconds: Int64 = eleven) -> [String] {
    results(upTo: seconds).usage.map { row in
      let values = row.dimensions.map { " \($0.value)" }.joined(separator: ",")
      return "\(row.tenant) \(row.meter)\(values) \((row.windowStart - ten) / 3600)h \(row.quantity) x\(row.events)"
    }
  }
}

/// What becomes of one value on its own.
func verdict(_ value: String, _ meters: [OracleMeter] = [calls], headers: [(String, String)] = []) -> String {
  verdict(bytes(value), meters, headers: headers)
}

func verdict(_ value: [UInt8]?, _ meters: [OracleMeter] = [calls], headers: [(String, String)] = []) -> String {
  var kitchen = Kitchen(meters) { $0.maxEventBytes = 4096 }
  kitchen.take(value, headers: headers)
  let results = kitchen.results()
  if let row = results.quarantine.first { return row.reason.rawValue }
  return results.accounting[0].verdicts.first?.key.rawValue ?? "nothing"
}
