import MeterModel

@testable import MeterOracle
@testable import MeterWire

/// Whole records through the decoder: the same events however they are cut into batches, none lost, each as the oracle has it.
enum LogCheck {
  /// Small, so that an input can go beyond it.
  private static let bytesMax = 2_048
  private static let rules = MeterRules(meters: SmallCatalog.meters, seed: 42)

  static func events(_ bytes: [UInt8]) throws(Contradiction) {
    _ = try check(SmallLog(values: bytes).records)
  }

  static func headers(_ bytes: [UInt8]) throws(Contradiction) {
    let records = SmallLog(headed: bytes).records
    _ = try check(records)
    // A value says the same compressed, which no search would find frames for.
    let plain = records.map { record in
      var record = record
      record.headers.removeAll { $0.name == Array("content-encoding".utf8) }
      return record
    }
    let packed = plain.map { record in
      var record = record
      record.headers.append((Array("content-encoding".utf8), Array("zstd".utf8)))
      record.value = record.value.map(ReferenceFrame.compress)
      return record
    }
    let before = try check(plain)
    let after = try check(packed)
    for index in before.indices where plain[index].value.map({ $0.count <= bytesMax }) ?? true {
      try require(before[index] == after[index], "record \(index) says something else when compressed")
    }
  }

  /// The events of each record.
  private static func check(_ records: [SmallLog.Record]) throws(Contradiction) -> [[PlainEvent]] {
    var decoder = Decoder(eventBytesMax: bytesMax)
    let together = try decode(records, &decoder)
    try require(try decode(records, &decoder) == together, "the same batch decoded twice differs")
    var fresh = Decoder(eventBytesMax: bytesMax)
    for (index, record) in records.enumerated().reversed() {
      let alone = try decode([record], &fresh)[0]
      try require(alone == together[index], "record \(index) alone is something else")
      try compare(alone, record, index)
    }
    return together
  }

  private static func decode(
    _ records: [SmallLog.Record], _ decoder: inout Decoder
  ) throws(Contradiction) -> [[PlainEvent]] {
    let batch = SmallLog.batch(records)
    var events = EventBatch()
    let next = decoder.decode(batch, from: 0, rules, into: &events)
    try require(next == records.count && events.records == 0..<next, "a go ended after \(next) of \(records.count)")
    var all = [[PlainEvent]](repeating: [], count: records.count)
    var last: Int32 = 0
    for event in events.events {
      try require(event.record >= last, "the events are not in the order of the log")
      last = event.record
      let plain = PlainEvent(event, events, batch)
      try require(plain.isSound, "an event that contradicts itself: \(plain)")
      try require(Int(plain.place) == all[Int(last)].count, "a place is left out or taken twice")
      all[Int(last)].append(plain)
    }
    return all
  }

  private static func compare(
    _ events: [PlainEvent], _ record: SmallLog.Record, _ index: Int
  ) throws(Contradiction) {
    if let reason = undecided(record, events) { return try require(!events.isEmpty, "record \(index): \(reason)") }
    let expected = Expected.events(of: record, bytesMax: bytesMax)
    try require(events.count == expected.count, "record \(index) is \(events.count) events, not \(expected.count)")
    for (event, wanted) in zip(events, expected) {
      let at = "record \(index), event \(event.place)"
      try require(event.finding == wanted.finding, "\(at) is \(event.finding), not \(wanted.finding): \(event)")
      if let said = wanted.event {
        try require(
          event.tenant == said.tenant.bytes && event.source == said.source.bytes && event.id == said.id.bytes,
          "\(at) is of somebody else")
        try require(
          event.time == said.time.map { Instant(nanoseconds: Int64(clamping: $0.nanoseconds)) }, "\(at): its time")
        if said.isVoid, wanted.problem != .voidUnsupported { continue }
      }
      let (found, right) = (event.problem?.rawValue ?? "none", wanted.problem?.rawValue ?? "none")
      try require(found == right, "\(at) has the problem \(found), not \(right): \(event.detail ?? "")")
      try require(event.measures.map(\.units) == wanted.measures.map(\.units), "\(at): its values")
      try require(event.measures.map(\.dimensions) == wanted.measures.map(\.dimensions), "\(at): its dimensions")
    }
  }

  /// Where the two sides may differ by choice: depth, which JSON leaves to the reader, and frames that only one
  /// call opens or that break beyond the limit.
  private static func undecided(_ record: SmallLog.Record, _ events: [PlainEvent]) -> String? {
    let text = events.first?.payload ?? record.value ?? []
    let openings = text.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
    if openings > JSONText.depthMax { return "too deep for one of two readers, and no event" }
    guard let value = record.value, record.headers.contains(where: { $0.value == Array("zstd".utf8) }) else {
      return nil
    }
    if ReferenceFrame.isFrame(value), ReferenceFrame.isForOneCallOnly(value) || !ReferenceFrame.opensInPieces(value) {
      return "a frame for one call, and no event"
    }
    if ReferenceFrame.isForStreamOnly(value) { return "a frame for a stream, and no event" }
    if events.first?.problem == .tooLarge, ReferenceFrame.content(value) == nil { return "a large frame, and no event" }
    return nil
  }
}
