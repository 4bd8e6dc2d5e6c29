import MeterModel

@testable import MeterWire

/// Records that were decoded, with the bytes that their events point into.
struct Decoded {
  var batch: RecordBatch
  var events: EventBatch

  func text(_ bytes: EventBatch.Bytes) -> String { String(decoding: events.bytes(bytes, in: batch), as: UTF8.self) }

  /// `unmetered`, `measurable`, or the reason why not.
  func outcome(_ index: Int = 0) -> String {
    let event = events.events[index]
    return event.problem?.rawValue ?? (event.finding == .unmetered ? "unmetered" : "measurable")
  }

  func dimensions(_ index: Int = 0, measure: Int = 0) -> [String] {
    let measure = events.measures[Int(events.events[index].firstMeasure) + measure]
    let first = Int(measure.firstDimension)
    return (first..<first + events.meters[Int(measure.meter)].definition.dimensions.count).map {
      text(events.dimensions[$0])
    }
  }
}

let seed: UInt64 = 0x5EED

func meter(
  _ aggregate: MeterDefinition.Aggregate = .count, name: String = "m", event: String = "t", value: String? = nil,
  scale: Int = 9, dimensions: [String] = [], id: Int32 = 1
) -> Meter {
  Meter(
    id: MeterID(id),
    definition: MeterDefinition(
      name: name, event: event, aggregate: aggregate, value: value, scale: scale, dimensions: dimensions))
}

func batch(_ values: [[UInt8]?], headers: [(String, String?)] = []) -> RecordBatch {
  var batch = RecordBatch()
  for (offset, value) in values.enumerated() {
    if let value {
      unsafe value.withUnsafeBytes { unsafe batch.append(offset: Int64(offset), timestampMs: 1_000, value: $0) }
    } else {
      unsafe batch.append(offset: Int64(offset), timestampMs: 1_000, value: nil)
    }
    for (name, value) in headers {
      unsafe Array(name.utf8).withUnsafeBytes { name in
        if let value {
          unsafe Array(value.utf8).withUnsafeBytes { unsafe batch.appendHeader(name: name, value: $0) }
        } else {
          unsafe batch.appendHeader(name: name, value: nil)
        }
      }
    }
  }
  batch.close()
  return batch
}

func decode(
  _ values: [[UInt8]?], _ meters: [Meter] = [meter()], headers: [(String, String?)] = [], eventBytesMax: Int = 65_536
) -> Decoded {
  var decoder = Decoder(eventBytesMax: eventBytesMax)
  var decoded = Decoded(batch: batch(values, headers: headers), events: EventBatch())
  let rules = MeterRules(meters: meters, seed: seed)
  let next = decoder.decode(decoded.batch, from: 0, rules, into: &decoded.events)
  precondition(next == decoded.batch.records.count, "a test's batch is decoded in one go")
  return decoded
}

func decode(_ values: String..., meters: [Meter] = [meter()]) -> Decoded {
  decode(values.map { Array($0.utf8) }, meters)
}

func outcome(_ value: String, _ meters: [Meter] = [meter()]) -> String { decode([Array(value.utf8)], meters).outcome() }

func event(
  id: String = "\"e1\"", source: String = "\"s\"", type: String = "\"t\"", subject: String = "\"acme\"",
  version: String = "\"1.0\"", time: String? = nil, data: String? = nil, extra: String = ""
) -> String {
  let members = [
    "\"specversion\":\(version)", "\"id\":\(id)", "\"source\":\(source)", "\"type\":\(type)", "\"subject\":\(subject)",
    time.map { "\"time\":\($0)" }, data.map { "\"data\":\($0)" },
  ]
  return "{" + members.compactMap { $0 }.joined(separator: ",") + extra + "}"
}
