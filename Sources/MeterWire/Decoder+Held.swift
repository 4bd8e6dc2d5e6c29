import MeterModel

extension Decoder {
  /// Reads a record from quarantine as it was read the first time: a value that was decompressed then is not decompressed again, and a
  /// part of a batch is one event, whatever it looks like.
  public mutating func decode(
    _ batch: borrowing RecordBatch, at index: Int, as held: HeldEvent, _ rules: borrowing MeterRules,
    into events: inout EventBatch
  ) {
    let record = batch.records[index]
    let value = RecordValue(index: Int32(index), start: Int(record.valueStart), length: Int(record.valueLength))
    switch held.form {
    case .received, .absent:
      _ = decode(batch, from: index, atMost: 1, rules, into: &events)
    case .inflated:
      begin(rules, &events)
      place = .arena
      let arena = batch.arena.span
      let headers = record.headerCount > 0 ? Headers(batch.headers(of: record), arena) : Headers()
      read(value, headers, arena, arena, rules, &events)
    case .part:
      begin(rules, &events)
      place = .arena
      part(value, at: held.place, batch.arena.span, rules, &events)
    }
    events.records = index..<index + 1
  }

  private mutating func part(
    _ value: RecordValue, at place: Int32, _ text: Swift.Span<UInt8>, _ rules: borrowing MeterRules,
    _ events: inout EventBatch
  ) {
    var event = EventBatch.Event(record: value.index, place: place, payload: bytes(value.start, value.length))
    event.isPart = true
    // Taken before, a part is refused here only where the bound is a lower one now.
    guard value.length <= eventBytesMax, json.read(text, start: value.start, length: value.length) == nil else {
      refuse(&event, .tooLarge, "the event has \(value.length) bytes; at most \(eventBytesMax) are taken", &events)
      return events.events.append(event)
    }
    guard json.tokens[0].kind == .object else { return refusePart(&event, &events) }
    _ = structured(0, event, text, rules, &events)
  }
}
