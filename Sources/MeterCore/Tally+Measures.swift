import MeterModel

/// Counting what the meters take from an event: every one of its measures, or none.
extension Tally {
  /// Where a measure is counted: a cell, or the entry that makes one.
  struct Target {
    var position: Int
    var entry: Residency.Entry?
  }

  /// False when a sum would leave 38 digits; then nothing was counted.
  @inline(__always)
  mutating func measure(
    _ index: Int, _ window: Int32, _ offset: Int64, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) -> Bool {
    let first = Int(events.events[index].firstMeasure)
    // Nearly all events are measured once, in a sum that is there.
    if events.events[index].measureCount == 1, CellTable.Kind(events.measures[first].aggregate) == .add {
      let measure = events.measures[first]
      var position = residency.cells.find(measure.series, window)
      if position < 0 || !residency.cells[position].isDefined {
        position = begin(position, first, index, window, batch, events)
      }
      if position >= 0 {
        guard residency.cells.add(measure.units, events: 1, scale: measure.scale, at: position) else { return false }
        charge(first, measure.units, window, index, offset, batch, events)
        return true
      }
    }
    return measureAll(index, window, offset, isTakenBack: false, batch, events)
  }

  /// Makes the cell of a measure if it has none, and defines its series; -1, and nothing done, where it is counted as `~other`.
  @inline(never)
  private mutating func begin(
    _ known: Int, _ measure: Int, _ index: Int, _ window: Int32, _ batch: borrowing RecordBatch,
    _ events: borrowing EventBatch
  ) -> Int {
    var position = known
    if position < 0 {
      let tenant = events.events[index].tenantKey
      let entry = residency.entry(tenant, events.measures[measure], window, other: events.other)
      if entry.isOther { return -1 }
      position = residency.make(entry, window)
    }
    if !residency.cells[position].isDefined { define(position, isOther: false, measure, index, batch, events) }
    return position
  }

  @inline(never)
  mutating func measureAll(
    _ index: Int, _ window: Int32, _ offset: Int64, isTakenBack: Bool, _ batch: borrowing RecordBatch,
    _ events: borrowing EventBatch
  ) -> Bool {
    let event = events.events[index]
    let range = Int(event.firstMeasure)..<Int(event.firstMeasure) &+ Int(event.measureCount)
    targets.removeAll(keepingCapacity: true)
    for at in range {
      let measure = events.measures[at]
      let target = target(event.tenantKey, measure, window, other: events.other)
      if target.entry == nil, CellTable.Kind(measure.aggregate) == .add,
        !residency.cells.fits(isTakenBack ? -measure.units : measure.units, at: target.position)
      {
        return false
      }
      targets.append(target)
    }
    let moment = RollupDelta.Moment(time: places[index].time, offset: offset, place: event.place)
    for at in range {
      let measure = events.measures[at]
      let target = targets[at - range.lowerBound]
      let position = target.entry.map { residency.make($0, window) } ?? target.position
      let kind = CellTable.Kind(measure.aggregate)
      if kind == .add {
        let fits = residency.cells.add(
          isTakenBack ? -measure.units : measure.units, events: isTakenBack ? -1 : 1, scale: measure.scale,
          at: position)
        precondition(fits, "what was seen to fit is added")
      } else {
        residency.cells.take(measure.units, moment, kind, scale: measure.scale, at: position)
      }
      let series = residency.cells[position].series
      if !residency.cells[position].isDefined {
        define(position, isOther: target.entry?.isOther ?? false, at, index, batch, events)
      }
      switch kind {
      case .unique: note(measure.units, series, window)
      case .samples:
        samples.append(
          LevelSample(
            series: series, moment: moment, level: Quantity(units: measure.units, scale: Int(measure.scale))))
      default: break
      }
      if kind == .latest {
        chargeLevel(at, series, moment, window, index, batch, events)
      } else {
        charge(at, isTakenBack ? -measure.units : measure.units, window, index, offset, batch, events)
      }
    }
    return true
  }

  private func target(
    _ tenant: SeriesKey, _ measure: EventBatch.Measure, _ window: Int32, other: SeriesKey
  ) -> Target {
    let known = residency.cells.find(measure.series, window)
    if known >= 0 { return Target(position: known, entry: nil) }
    let entry = residency.entry(tenant, measure, window, other: other)
    guard entry.isOther else { return Target(position: -1, entry: entry) }
    let position = residency.cells.find(entry.series, window)
    return Target(position: position, entry: position < 0 ? entry : nil)
  }

  /// A value of a `unique` meter; `units` are the hash of its text.
  private mutating func note(_ units: Int128, _ series: SeriesKey, _ window: Int32) {
    let hash = UInt128(bitPattern: units)
    let value = SeriesKey(high: UInt64(hash >> 64), low: UInt64(truncatingIfNeeded: hash))
    // One name for series, window and value: products with odd numbers keep all bits of each.
    let name = SeriesKey(
      high: value.high &+ series.high &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(UInt32(bitPattern: window)),
      low: value.low &+ series.low &* 0xD6E8_FEB8_6659_FD93)
    guard seenValues.insert(name) else { return }
    values.append(
      DistinctValue(series: series, windowStartSeconds: rules.windows.startSeconds(of: window), value: value))
  }

  private mutating func define(
    _ position: Int, isOther: Bool, _ measure: Int, _ index: Int, _ batch: borrowing RecordBatch,
    _ events: borrowing EventBatch
  ) {
    residency.cells.define(position)
    let meter = Int(events.measures[measure].meter)
    newSeries.begin(
      residency.cells[position].series, events.measures[measure].meterID,
      paths: events.meters[meter].definition.dimensions)
    add(events.events[index].tenant, batch, events)
    let first = Int(events.measures[measure].firstDimension)
    for at in first..<first + Int(events.measures[measure].dimensionCount) {
      if isOther { newSeries.add(Self.otherText.span) } else { add(events.dimensions[at], batch, events) }
    }
  }

  private static let otherText = [UInt8]("~other".utf8)

  private mutating func add(
    _ bytes: EventBatch.Bytes, _ batch: borrowing RecordBatch, _ events: borrowing EventBatch
  ) {
    let range = bytes.start..<bytes.end
    switch bytes.place {
    case .arena: newSeries.add(batch.arena.span.extracting(range))
    case .inflated: newSeries.add(events.inflated.span.extracting(range))
    case .scratch: newSeries.add(events.scratch.span.extracting(range))
    }
  }
}
