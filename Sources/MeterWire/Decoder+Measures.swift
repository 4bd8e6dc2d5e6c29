import MeterModel

extension Decoder {
  static let dimensionBytesMax = 256
  static let missing: Int32 = -1
  static let twice: Int32 = -2
  /// The path's first member is there, what it should lead to is not.
  static let nowhere: Int32 = -3

  /// Finds every path that the type's meters take, in one pass over the members of `data`.
  mutating func locate(
    _ type: MeterRules.TypeRule, _ data: Int32, _ arena: Swift.Span<UInt8>, _ rules: borrowing MeterRules
  ) {
    let count = Int(type.fieldCount)
    for field in 0..<count { found[field] = Self.missing }
    guard data >= 0, count > 0 else { return }
    let end = Int(json.tokens[Int(data)].end)
    var at = Int(data) + 1
    while at < end {
      for field in 0..<count {
        switch json.follow(at, rules.fields[Int(type.firstField) &+ field], depth: 0, arena, rules) {
        case .otherName: break
        case .nothing: found[field] = found[field] == Self.missing ? Self.nowhere : Self.twice
        case .value(let token): found[field] = found[field] == Self.missing ? token : Self.twice
        case .twice: found[field] = Self.twice
        }
      }
      at = Int(json.tokens[at &+ 1].end)
    }
  }

  /// Takes what each meter of the type wants: first all values, then all dimensions. An event that one of them cannot take has a
  /// problem as a whole, which is that of its values where both are wrong.
  mutating func measure(
    _ type: MeterRules.TypeRule, _ tenant: SeriesKey, _ arena: Swift.Span<UInt8>, _ rules: borrowing MeterRules,
    _ event: inout EventBatch.Event, _ events: inout EventBatch
  ) {
    event.firstMeasure = Int32(events.measures.count)
    let first = Int(type.firstMeasure)
    let range = first..<first &+ Int(type.measureCount)
    if event.kind != .usage, let meter = range.first(where: { !rules.measures[$0].isCorrectable }) {
      let name = rules.meters[Int(rules.measures[meter].meter)].definition.name
      return spoil(&event, .voidUnsupported, "meter '\(name)' can neither be voided nor adjusted", &events)
    }
    for index in range {
      let rule = rules.measures[index]
      guard let units = units(rule, arena, rules, &event, &events) else { return }
      events.measures.append(
        rule.measure(SeriesKey(high: 0, low: 0), firstDimension: events.dimensions.count, units: units))
    }
    for index in range {
      let rule = rules.measures[index]
      guard let (series, dimensions) = series(rule, tenant, arena, rules, &event, &events) else { return }
      let measure = Int(event.firstMeasure) &+ index &- first
      events.measures[measure].series = series
      events.measures[measure].firstDimension = dimensions
    }
    event.measureCount = type.measureCount
  }

  /// What one meter counts, in units of its scale; nil once the event is refused.
  private func units(
    _ rule: MeterRules.MeasureRule, _ arena: Swift.Span<UInt8>, _ rules: borrowing MeterRules,
    _ event: inout EventBatch.Event, _ events: inout EventBatch
  ) -> Int128? {
    guard rule.valueField >= 0 else { return 1 }
    let problem: (Reason, String)
    let name = { (rules: borrowing MeterRules) in rules.meters[Int(rule.meter)].definition.name }
    if rule.isUnique {
      if let hash = scalarHash(found[Int(rule.valueField)], arena, &events.scratch, rules.seed) { return hash }
      spoil(&event, .badValue, "the value of meter '\(name(rules))' is not one scalar", &events)
      return nil
    }
    switch value(found[Int(rule.valueField)], Int(rule.scale), arena, &events.scratch) {
    // A void repeats its original, which may have been an adjust.
    case .units(let units) where units >= 0 || event.kind != .usage: return units
    case .tooFarBelow where event.kind != .usage: problem = (.overflow, "has more than 38 digits")
    case .units, .tooFarBelow: problem = (.badValue, "is negative; only an adjust may be")
    case .notNumber: problem = (.badValue, "is not a number")
    case .tooFine: problem = (.badValue, "has more than \(rule.scale) fraction digits")
    case .tooLarge: problem = (.overflow, "has more than 38 digits")
    }
    spoil(&event, problem.0, "the value of meter '\(name(rules))' \(problem.1)", &events)
    return nil
  }

  /// The series that one meter counts in, and the first of its dimension values; nil once the event is refused.
  private func series(
    _ rule: MeterRules.MeasureRule, _ tenant: SeriesKey, _ arena: Swift.Span<UInt8>, _ rules: borrowing MeterRules,
    _ event: inout EventBatch.Event, _ events: inout EventBatch
  ) -> (SeriesKey, Int32)? {
    let firstDimension = Int32(events.dimensions.count)
    var name = SeriesName(tenant: tenant, meter: rule.id)
    for dimension in 0..<Int(rule.dimensionCount) {
      let field = found[Int(rules.dimensionFields[Int(rule.firstDimension) &+ dimension])]
      guard let text = dimensionText(field, arena, &events.scratch) else {
        let path = rules.meters[Int(rule.meter)].definition.dimensions[dimension]
        let bound = Self.dimensionBytesMax
        spoil(
          &event, .badDimension, "'\(path)' is not one scalar of at most \(bound) bytes without control characters",
          &events)
        return nil
      }
      events.dimensions.append(text)
      name.add(Fingerprint.hash128(text, arena, events.scratch, seed: rules.seed))
    }
    return (name.key, firstDimension)
  }

  /// Refuses the event, but only after its time and identity were looked at.
  private func spoil(
    _ event: inout EventBatch.Event, _ reason: Reason, _ detail: String, _ events: inout EventBatch
  ) {
    event.problem = reason
    event.detail = Int32(events.details.count)
    events.details.append(detail)
  }

  private func value(
    _ token: Int32, _ scale: Int, _ arena: Swift.Span<UInt8>, _ scratch: inout [UInt8]
  ) -> DecimalText.Outcome {
    guard token >= 0 else { return .notNumber }
    let value = json.tokens[Int(token)]
    switch value.kind {
    case .number:
      return DecimalText.parse(arena, from: Int(value.start), to: Int(value.start) &+ Int(value.length), scale: scale)
    case .string:
      guard let text = plainText(Int(token), arena, &scratch), text.length > 0 else { return .notNumber }
      guard text.isScratch else { return DecimalText.parse(arena, from: text.start, to: text.end, scale: scale) }
      return DecimalText.parse(scratch.span, from: text.start, to: text.end, scale: scale)
    default:
      return .notNumber
    }
  }

  /// What a `unique` meter keeps of a value: any scalar, by its text, of any length.
  private func scalarHash(
    _ token: Int32, _ arena: Swift.Span<UInt8>, _ scratch: inout [UInt8], _ seed: UInt64
  ) -> Int128? {
    guard token >= 0 else { return nil }
    let value = json.tokens[Int(token)]
    let text: EventBatch.Bytes?
    switch value.kind {
    case .number, .true, .false: text = bytes(Int(value.start), Int(value.length))
    case .string: text = plainText(Int(token), arena, &scratch)
    case .null, .object, .array: text = nil
    }
    guard let text else { return nil }
    let hash = Fingerprint.hash128(text, arena, scratch, seed: seed)
    return Int128(bitPattern: UInt128(hash.high) << 64 | UInt128(hash.low))
  }

  /// A scalar by its text; a missing one or null is the empty text. Nil if it may not be a dimension's value.
  private func dimensionText(
    _ token: Int32, _ arena: Swift.Span<UInt8>, _ scratch: inout [UInt8]
  ) -> EventBatch.Bytes? {
    guard token >= 0 else { return token != Self.twice ? EventBatch.Bytes.empty : nil }
    let value = json.tokens[Int(token)]
    switch value.kind {
    case .null:
      return EventBatch.Bytes.empty
    case .number, .true, .false:
      return value.length <= Self.dimensionBytesMax
        ? bytes(Int(value.start), Int(value.length)) : nil
    case .string:
      guard let text = plainText(Int(token), arena, &scratch), text.length <= Self.dimensionBytesMax,
        !text.hasControls(arena, scratch)
      else { return nil }
      return text
    case .object, .array:
      return nil
    }
  }
}
