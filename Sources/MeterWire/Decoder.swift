import CSimdjson
import MeterModel

/// Turns the records of a batch into events: plain values that the counting core can go through without looking at text.
///
/// One decoder belongs to one lane and is used by one thread at a time. Its buffers grow to the largest record and stay.
/// Every record leaves at least one event behind, unless it is an empty batch; what cannot be understood leaves a refused
/// one. Events are looked at in the contract's order: encoding, envelope, meter; time and identity are the core's; a value
/// that cannot be taken is noted on the event, and counts only after those.
public struct Decoder: ~Copyable {
  /// One go ends after this many records or inflated bytes: enough to keep the loop hot, and a bound on what compressed
  /// values can become.
  private static let recordsInOneGo = 512
  private static let inflatedInOneGo = 8 << 20

  let eventBytesMax: Int
  var json: JSONText
  private var frame: ZstdFrame
  var shapes = ShapeTree()
  /// The day of the event before.
  var day = TimeText.Day()
  /// The rules that `shapes` was learnt under.
  private var learntMeters: [Meter] = []
  private var learntSeed: UInt64 = 0
  /// Contents of the objects around the one at hand: no more than a shape has slots.
  var sums = InlineArray<64, UInt64>(repeating: 0)
  /// Where the text at hand stands.
  var place = EventBatch.Bytes.Place.arena
  /// Token index of each field of the type at hand: -1 missing, -2 named twice.
  var found: [Int32] = []

  public init(eventBytesMax: Int) {
    self.eventBytesMax = eventBytesMax
    json = JSONText(capacity: eventBytesMax)
    frame = ZstdFrame(limit: eventBytesMax)
  }

  /// Fills `events` from the records of `batch` that begin at `first`, and says where to go on; the batch's count when all
  /// are done. The same records and rules give the same events, byte for byte.
  public mutating func decode(
    _ batch: borrowing RecordBatch, from first: Int, _ rules: borrowing MeterRules, into events: inout EventBatch
  ) -> Int {
    decode(batch, from: first, atMost: Self.recordsInOneGo, rules, into: &events)
  }

  /// Makes room for the events of another go.
  mutating func begin(_ rules: borrowing MeterRules, _ events: inout EventBatch) {
    events.removeAll()
    events.meters = rules.meters
    events.hasLimits = rules.hasLimits
    events.other = rules.other
    if learntSeed != rules.seed || learntMeters != rules.meters {
      shapes.forget()
      (learntSeed, learntMeters) = (rules.seed, rules.meters)
    }
    if found.count < rules.fieldsMax { found = Array(repeating: Self.missing, count: rules.fieldsMax) }
  }

  mutating func decode(
    _ batch: borrowing RecordBatch, from first: Int, atMost count: Int, _ rules: borrowing MeterRules,
    into events: inout EventBatch
  ) -> Int {
    begin(rules, &events)
    // Taken out while texts inside are read; `events` is written to at the same time.
    var inflated: [UInt8] = []
    swap(&inflated, &events.inflated)
    let arena = batch.arena.span
    let records = batch.records.span
    var index = first
    while index < records.count, index &- first < count, inflated.count < Self.inflatedInOneGo {
      let record = records[index]
      let headers = record.headerCount > 0 ? Headers(batch.headers(of: record), arena) : Headers()
      let value = RecordValue(index: Int32(index), start: Int(record.valueStart), length: Int(record.valueLength))
      place = .arena
      if headers.isEncodingTwice {
        refuse(value, .badEncoding, "the header 'content-encoding' stands twice", &events)
      } else if let encoding = headers.encoding {
        inflate(value, encoding, headers, arena, rules, &inflated, &events)
      } else {
        read(value, headers, arena, arena, rules, &events)
      }
      index &+= 1
    }
    swap(&inflated, &events.inflated)
    events.records = first..<index
    return index
  }

  /// A record's value: where its text stands in the span at hand; a length below 0 is none.
  struct RecordValue {
    var index: Int32
    var start: Int
    var length: Int
  }

  private mutating func inflate(
    _ value: RecordValue, _ encoding: Range<Int>, _ headers: Headers, _ arena: Swift.Span<UInt8>,
    _ rules: borrowing MeterRules, _ inflated: inout [UInt8], _ events: inout EventBatch
  ) {
    guard Headers.equals(arena, encoding, "zstd") else {
      return refuse(value, .badEncoding, "the content encoding is not 'zstd', the only one that is known", &events)
    }
    // A record without a value has no frame to open.
    guard value.length >= 0 else { return read(value, headers, arena, arena, rules, &events) }
    let start = inflated.count
    switch frame.open(arena, start: value.start, length: value.length, into: &inflated) {
    case .broken:
      refuse(value, .badEncoding, "the value is not exactly one zstd frame", &events)
    case .tooLarge:
      refuse(value, .tooLarge, "the value has more than \(eventBytesMax) bytes when decompressed", &events)
    case .content:
      let text = RecordValue(index: value.index, start: start, length: inflated.count - start)
      // The indexer reads in strides of this many bytes.
      inflated.append(contentsOf: repeatElement(0, count: RecordBatch.padding))
      place = .inflated
      read(text, headers, arena, inflated.span, rules, &events)
    }
  }

  /// `arena` has the headers, `text` the value.
  mutating func read(
    _ value: RecordValue, _ headers: Headers, _ arena: Swift.Span<UInt8>, _ text: Swift.Span<UInt8>,
    _ rules: borrowing MeterRules, _ events: inout EventBatch
  ) {
    if value.length > eventBytesMax {
      return refuse(
        value, .tooLarge, "the value has \(value.length) bytes; at most \(eventBytesMax) are taken", &events)
    }
    if headers.isBinary { return binary(value, headers, arena, text, rules, &events) }
    if value.length < 0 { return refuse(value, .notJSON, "the record has no value", &events) }
    if recognise(value, text, rules, &events) { return }
    if let fault = json.read(text, start: value.start, length: value.length) {
      return refuse(value, fault == .notUTF8 ? .badEncoding : .notJSON, fault.words, &events)
    }
    switch json.tokens[0].kind {
    case .object:
      let event = EventBatch.Event(record: value.index, place: 0, payload: bytes(value.start, value.length))
      let type = structured(0, event, text, rules, &events)
      if let type { learn(value, type, text, rules, &events.scratch) }
    case .array:
      batched(value, text, rules, &events)
    default:
      refuse(value, .notCloudEvent, "the value is not a JSON object", &events)
    }
  }

  /// Each element is an event of its own; none is no event.
  private mutating func batched(
    _ value: RecordValue, _ text: Swift.Span<UInt8>, _ rules: borrowing MeterRules, _ events: inout EventBatch
  ) {
    let end = Int(json.tokens[0].end)
    var element = 1
    var place: Int32 = 0
    while element < end {
      let token = json.tokens[element]
      let quote = token.kind == .string ? 1 : 0
      let payload = bytes(Int(token.start) - quote, Int(token.length) + 2 * quote)
      var event = EventBatch.Event(record: value.index, place: place, payload: payload)
      event.isPart = true
      if token.kind == .object {
        _ = structured(element, event, text, rules, &events)
      } else {
        refusePart(&event, &events)
      }
      place &+= 1
      element = Int(token.end)
    }
  }

  func refusePart(_ event: inout EventBatch.Event, _ events: inout EventBatch) {
    refuse(&event, .notCloudEvent, "this part of the batch is not a JSON object", &events)
    events.events.append(event)
  }

  /// The object at token `root` is the event. What comes back is the index of its type if it is sound usage, -1 if no meter wants it.
  mutating func structured(
    _ root: Int, _ event: EventBatch.Event, _ text: Swift.Span<UInt8>, _ rules: borrowing MeterRules,
    _ events: inout EventBatch
  ) -> Int? {
    let attributes = attributes(root, text, &events.scratch)
    return finish(event, attributes, text, rules, &events)
  }

  /// The attributes are headers, the value is `data`.
  private mutating func binary(
    _ value: RecordValue, _ headers: Headers, _ arena: Swift.Span<UInt8>, _ text: Swift.Span<UInt8>,
    _ rules: borrowing MeterRules, _ events: inout EventBatch
  ) {
    guard var attributes = headers.attributes(arena, &events.scratch) else {
      return refuse(value, .badEncoding, "a header of the event is not UTF-8", &events)
    }
    if value.length >= 0 {
      if let fault = json.read(text, start: value.start, length: value.length) {
        return refuse(value, fault == .notUTF8 ? .badEncoding : .notJSON, fault.words, &events)
      }
      attributes.data = 0
    }
    let event = EventBatch.Event(record: value.index, place: 0, payload: bytes(value.start, max(0, value.length)))
    _ = finish(event, attributes, text, rules, &events)
  }

  /// From here on the three modes are one.
  private mutating func finish(
    _ begun: EventBatch.Event, _ said: SaidAttributes, _ text: Swift.Span<UInt8>, _ rules: borrowing MeterRules,
    _ events: inout EventBatch
  ) -> Int? {
    var event = begun
    let attributes: Attributes
    switch check(said, text, events.scratch) {
    case .kept(let all):
      attributes = all
    case .broken(let reason, let detail):
      refuse(&event, reason, detail, &events)
      events.events.append(event)
      return nil
    }
    event.kind = attributes.kind
    event.tenant = attributes.subject
    event.source = attributes.source
    event.id = attributes.id
    event.time = attributes.time
    let tenant = Fingerprint.hash128(attributes.subject, text, events.scratch, seed: rules.seed)
    event.tenantKey = tenant
    let source = Fingerprint.hash64(attributes.source, text, events.scratch, seed: tenant.low)
    event.identity = Fingerprint.hash64(attributes.id, text, events.scratch, seed: source)
    let isUsage = attributes.kind == .usage && attributes.corrects == nil
    let index = rules.type(attributes.type, text, events.scratch)
    guard index >= 0 else {
      event.finding = .unmetered
      events.events.append(event)
      return isUsage ? -1 : nil
    }
    let type = rules.types[index]
    event.finding = .measurable
    let content = content(type.hash, attributes, text, seed: rules.seed)
    let corrects = attributes.corrects.map { Fingerprint.hash64($0, text, events.scratch, seed: source) }
    event.content = Self.check(Self.corrected(content, event.kind, corrects: corrects))
    if event.kind == .void, let corrects {
      event.void = Int32(events.voids.count)
      events.voids.append(
        EventBatch.Void(
          identity: corrects, content: Self.check(content),
          adjustContent: Self.check(Self.corrected(content, .adjust, corrects: nil))))
    }
    locate(type, attributes.data, text, rules)
    measure(type, tenant, text, rules, &event, &events)
    events.events.append(event)
    return isUsage && event.problem == nil ? index : nil
  }

  func bytes(_ start: Int, _ length: Int) -> EventBatch.Bytes {
    EventBatch.Bytes(place, start: start, length: length)
  }

  /// Refuses the record as a whole, as one event.
  func refuse(
    _ value: RecordValue, _ reason: Reason, _ detail: @autoclosure () -> String, _ events: inout EventBatch
  ) {
    var event = EventBatch.Event(record: value.index, place: 0, payload: bytes(value.start, max(0, value.length)))
    refuse(&event, reason, detail(), &events)
    events.events.append(event)
  }

  func refuse(
    _ event: inout EventBatch.Event, _ reason: Reason, _ detail: @autoclosure () -> String, _ events: inout EventBatch
  ) {
    event.finding = .refused
    event.problem = reason
    event.detail = Int32(events.details.count)
    events.details.append(detail())
  }
}
