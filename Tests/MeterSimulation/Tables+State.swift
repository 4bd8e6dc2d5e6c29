import MeterModel

extension Tables {
  /// Everything that must not depend on how the records were split, sealed and moved about, in one order, to the last byte.
  ///
  /// Epochs, flush numbers, the journal's intervals and how identities are packed into pages are left out: those may differ.
  var state: [UInt8] {
    var text = StateText()
    for (number, partition) in partitions.enumerated() {
      text.add(Int64(number), partition.nextOffset ?? -1, partition.highWaterMs)
      for verdict in Verdict.allCases { text.add(partition.verdicts[verdict]) }
      text.add(partition.quarantined.sorted { ($0.offset, $0.place) < ($1.offset, $1.place) })
      // In the order of their flushes, and so of the log.
      for conflict in partition.conflicts {
        text.add(conflict.firstOffset, conflict.offset)
        text.add(conflict.tenant, conflict.source, conflict.id)
      }
      for (key, entry) in identities(of: partition) {
        text.add(key.generationEndMs, Int64(bitPattern: entry.fingerprint), entry.offset, Int64(entry.window))
        text.add(Int64(entry.content), entry.voided ? 1 : 0)
      }
    }
    for definition in series.values.sorted(by: { $0.key < $1.key }) {
      text.add(definition.key)
      text.add(Int64(definition.meter.number))
      text.add([definition.tenant] + definition.values)
      text.add(definition.paths.map { Array($0.utf8) })
    }
    for (key, rollup) in rollups.sorted(by: { $0.key < $1.key }) {
      text.add(key.series)
      text.add(key.windowStartSeconds, Int64(key.partition), rollup.events, Int64(rollup.quantity.scale))
      text.add(rollup.quantity.units)
      if case .latest(let moment) = rollup.merge {
        text.add(moment.time.nanoseconds, moment.offset, Int64(moment.place))
      }
    }
    for (key, level) in samples.sorted(by: { $0.key < $1.key }) {
      text.add(key.series)
      text.add(key.at, Int64(key.partition), key.offset, Int64(key.place))
      text.add(level.units)
    }
    for key in values.sorted() {
      text.add(key.value.series)
      text.add(key.value.windowStartSeconds, Int64(key.partition))
      text.add(key.value.value)
    }
    return text.bytes
  }

  private struct IdentityKey: Hashable, Comparable {
    var generationEndMs: Int64
    var fingerprint: UInt64

    static func < (a: Self, b: Self) -> Bool {
      (a.generationEndMs, a.fingerprint) < (b.generationEndMs, b.fingerprint)
    }
  }

  /// What a restore would take from the pages: of an identity that was written again for a void, the marked one.
  private func identities(of partition: Partition) -> [(IdentityKey, IdentityPage.Entry)] {
    var entries: [IdentityKey: IdentityPage.Entry] = [:]
    for page in partition.pages {
      for index in 0..<page.count {
        var entry = page[index]
        let key = IdentityKey(generationEndMs: page.generationEndMs, fingerprint: entry.fingerprint)
        if let known = entries[key], known.voided { entry.voided = true }
        entries[key] = entry
      }
    }
    return entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// Numbers and bytes one after the other, each in one form only.
private struct StateText {
  var bytes: [UInt8] = []

  mutating func add(_ numbers: Int64...) {
    for number in numbers { add(number) }
  }

  mutating func add(_ number: Int64) {
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> Int64(shift))) }
  }

  mutating func add(_ number: Int128) {
    add(Int64(truncatingIfNeeded: number))
    add(Int64(truncatingIfNeeded: number >> 64))
  }

  mutating func add(_ key: SeriesKey) {
    add(Int64(bitPattern: key.high))
    add(Int64(bitPattern: key.low))
  }

  mutating func add(_ words: [UInt8]...) { add(words) }

  mutating func add(_ words: [[UInt8]]) {
    for word in words {
      add(Int64(word.count))
      bytes += word
    }
  }

  mutating func add(_ events: [QuarantinedEvent]) {
    for event in events {
      add(event.offset, Int64(event.place), event.timestampMs)
      add(Array(event.reason.rawValue.utf8), Array(event.detail.utf8), event.payload)
      for header in event.headers { add(header.name, header.value ?? [0xFF]) }
    }
  }
}

extension Tables.RollupKey: Comparable {
  static func < (a: Self, b: Self) -> Bool {
    if a.series != b.series { return a.series < b.series }
    return (a.windowStartSeconds, a.partition) < (b.windowStartSeconds, b.partition)
  }
}

extension Tables.SampleKey: Comparable {
  static func < (a: Self, b: Self) -> Bool {
    if a.series != b.series { return a.series < b.series }
    return (a.at, a.partition, a.offset, a.place) < (b.at, b.partition, b.offset, b.place)
  }
}

extension Tables.ValueKey: Comparable {
  static func < (a: Self, b: Self) -> Bool {
    if a.value.series != b.value.series { return a.value.series < b.value.series }
    if a.value.windowStartSeconds != b.value.windowStartSeconds {
      return a.value.windowStartSeconds < b.value.windowStartSeconds
    }
    return a.value.value == b.value.value ? a.partition < b.partition : a.value.value < b.value.value
  }
}
