import CScan
import CXXHash
import MeterModel

extension Decoder {
  /// Reads an event whose layout is known; false when it must go the general way, and then nothing of it was written.
  mutating func recognise(
    _ value: RecordValue, _ text: Swift.Span<UInt8>, _ rules: borrowing MeterRules, _ events: inout EventBatch
  ) -> Bool {
    let index = shapes.match(text, from: value.start, to: value.start &+ value.length)
    guard index >= 0 else { return false }
    let shape = shapes.shapes[index]
    let (id, source, subject) = (slot(shape.id), slot(shape.source), slot(shape.subject))
    guard Self.isWithin(id, Self.identityBytesMax), Self.isWithin(source, Self.identityBytesMax),
      Self.isWithin(subject, Self.nameBytesMax)
    else { return false }
    var event = EventBatch.Event(record: value.index, place: 0, payload: bytes(value.start, value.length))
    if shape.time >= 0 {
      let time = slot(shape.time)
      guard
        let instant = TimeText.parse(text, from: Int(time.start), to: Int(time.start &+ time.length), &day)
      else { return false }
      event.time = instant
    }
    event.tenant = bytes(subject)
    event.source = bytes(source)
    event.id = bytes(id)
    let tenant = unsafe text.withUnsafeBufferPointer { unsafe Self.hash128($0.baseAddress!, subject, rules.seed) }
    event.tenantKey = tenant
    event.identity = unsafe text.withUnsafeBufferPointer {
      unsafe Self.hash64($0.baseAddress!, id, Self.hash64($0.baseAddress!, source, tenant.low))
    }
    guard shape.type >= 0 else {
      event.finding = .unmetered
      events.events.append(event)
      return true
    }
    event.finding = .measurable
    let type = rules.types[Int(shape.type)]
    guard measure(shape, type, tenant, text, rules, &event, &events) else { return false }
    event.content = Self.check(content(shape, type.hash, event.time, text, rules.seed))
    events.events.append(event)
    return true
  }

  /// Takes what each meter of the type wants; false, and nothing taken, if one of them cannot.
  private mutating func measure(
    _ shape: Shape, _ type: MeterRules.TypeRule, _ tenant: SeriesKey, _ text: Swift.Span<UInt8>,
    _ rules: borrowing MeterRules, _ event: inout EventBatch.Event, _ events: inout EventBatch
  ) -> Bool {
    let firstMeasure = events.measures.count
    let firstDimension = events.dimensions.count
    for index in Int(type.firstMeasure)..<Int(type.firstMeasure) &+ Int(type.measureCount) {
      let rule = rules.measures[index]
      let dimension = events.dimensions.count
      guard let units = units(shape, rule, text, rules.seed),
        let series = series(shape, rule, tenant, text, rules, &events.dimensions)
      else {
        events.measures.removeLast(events.measures.count &- firstMeasure)
        events.dimensions.removeLast(events.dimensions.count &- firstDimension)
        return false
      }
      events.measures.append(rule.measure(series, firstDimension: dimension, units: units))
    }
    event.firstMeasure = Int32(truncatingIfNeeded: firstMeasure)
    event.measureCount = type.measureCount
    return true
  }

  @inline(__always)
  private func units(
    _ shape: Shape, _ rule: MeterRules.MeasureRule, _ text: Swift.Span<UInt8>, _ seed: UInt64
  ) -> Int128? {
    guard rule.valueField >= 0 else { return 1 }
    let field = shapes.fields[Int(shape.firstField &+ rule.valueField)]
    guard field.isThere else { return nil }
    let value = slot(field.slot)
    if rule.isUnique {
      if field.isBare, text[Int(value.start)] == UInt8(ascii: "n") { return nil }
      let hash = unsafe text.withUnsafeBufferPointer { unsafe Self.hash128($0.baseAddress!, value, seed) }
      return Int128(bitPattern: UInt128(hash.high) << 64 | UInt128(hash.low))
    }
    let outcome = DecimalText.parse(
      text, from: Int(value.start), to: Int(value.start &+ value.length), scale: Int(rule.scale))
    guard case .units(let units) = outcome, units >= 0 else { return nil }
    return units
  }

  @inline(__always)
  private func series(
    _ shape: Shape, _ rule: MeterRules.MeasureRule, _ tenant: SeriesKey, _ text: Swift.Span<UInt8>,
    _ rules: borrowing MeterRules, _ dimensions: inout [EventBatch.Bytes]
  ) -> SeriesKey? {
    var name = SeriesName(tenant: tenant, meter: rule.id)
    for dimension in Int(rule.firstDimension)..<Int(rule.firstDimension &+ rule.dimensionCount) {
      let field = shapes.fields[Int(shape.firstField &+ rules.dimensionFields[dimension])]
      // A missing one and null are the empty text.
      var value = cscan_slot(start: 0, length: 0)
      if field.isThere {
        let found = slot(field.slot)
        guard found.length <= Self.dimensionBytesMax else { return nil }
        if !field.isBare || text[Int(found.start)] != UInt8(ascii: "n") { value = found }
      }
      name.add(unsafe text.withUnsafeBufferPointer { unsafe Self.hash128($0.baseAddress!, value, rules.seed) })
      dimensions.append(value.length > 0 ? bytes(value) : .empty)
    }
    return name.key
  }

  /// The same content as the general way makes of the same event.
  @inline(__always)
  private mutating func content(
    _ shape: Shape, _ type: UInt64, _ time: Instant?, _ text: Swift.Span<UInt8>, _ seed: UInt64
  ) -> UInt64 {
    var sum = Self.emptyObject
    var open = 0
    for index in Int(shape.firstStep)..<Int(shape.firstStep &+ shape.stepCount) {
      let step = shapes.steps[index]
      switch step.kind {
      case .string, .bare:
        sum &+= Fingerprint.join(step.name, member(step, text, seed))
      case .open:
        sums[open] = sum
        open &+= 1
        sum = Self.emptyObject
      case .close:
        open &-= 1
        sum = sums[open] &+ Fingerprint.join(step.name, sum)
      }
    }
    return Self.content(type, time, data: sum, seed: seed)
  }

  /// One way for strings and numbers, which alternate as producers please; words are rare.
  @inline(__always)
  private func member(_ step: Shape.Step, _ text: Swift.Span<UInt8>, _ seed: UInt64) -> UInt64 {
    let value = slot(step.slot)
    let isBare = step.kind == .bare
    if isBare {
      switch text[Int(value.start)] {
      case UInt8(ascii: "t"): return 1
      case UInt8(ascii: "f"): return 2
      case UInt8(ascii: "n"): return 3
      default: break
      }
    }
    return brief(value, text, seed &+ (isBare ? 1 : 0))
  }

  @inline(__always)
  private func brief(_ slot: cscan_slot, _ text: Swift.Span<UInt8>, _ seed: UInt64) -> UInt64 {
    unsafe text.withUnsafeBufferPointer {
      unsafe Fingerprint.brief($0.baseAddress! + Int(slot.start), Int(slot.length), seed: seed)
    }
  }

  @inline(__always)
  private func slot(_ index: Int32) -> cscan_slot { shapes.slot(index) }

  @inline(__always)
  private func bytes(_ slot: cscan_slot) -> EventBatch.Bytes { bytes(Int(slot.start), Int(slot.length)) }

  @inline(__always)
  private static func isWithin(_ slot: cscan_slot, _ bound: Int) -> Bool {
    slot.length >= 1 && slot.length <= bound
  }

  @inline(__always)
  private static func hash64(_ text: UnsafePointer<UInt8>, _ slot: cscan_slot, _ seed: UInt64) -> UInt64 {
    unsafe cxxhash_64(text + Int(slot.start), Int(slot.length), seed)
  }

  @inline(__always)
  private static func hash128(_ text: UnsafePointer<UInt8>, _ slot: cscan_slot, _ seed: UInt64) -> SeriesKey {
    unsafe Fingerprint.name(text + Int(slot.start), Int(slot.length), seed: seed)
  }
}
