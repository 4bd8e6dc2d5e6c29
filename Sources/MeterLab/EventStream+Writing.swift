extension EventStream {
  /// Writes event `index` as it was or will be at `instantNs`. Draws come in one fixed order, so equal arguments give
  /// equal bytes; a flaw changes what is written, never what is drawn.
  func write(_ index: Int, at instantNs: Int64, _ condition: Condition, into record: inout GeneratedRecord) {
    var random = SplitMix64(seed: ~options.seed, index: index)
    let flaw: Flaw? = if case .malformed(let flaw) = condition { flaw } else { nil }
    let tenant = tenants.rank(random.next())
    var kind = EventKind.drawn(random.below(100))
    if let flaw, flaw.isOfValue { kind = random.below(2) == 0 ? .llmTokens : .storageSample }
    record.kind = kind
    record.key.removeAll(keepingCapacity: true)
    record.key.append(contentsOf: vocabulary.tenant)
    record.key.appendDecimal(UInt64(tenant + 1), width: 4)
    record.value.removeAll(keepingCapacity: true)

    let jitter = random.below(Self.jitterNs.past + Self.jitterNs.ahead) - Self.jitterNs.ahead
    var eventNs = instantNs - Int64(jitter)
    if condition == .late {
      // Cubed: half of the late events are up to four days late, few are weeks.
      let u = random.fraction()
      eventNs -= Int64(Self.latenessNs.least + (Self.latenessNs.most - Self.latenessNs.least) * u * u * u)
    }
    if flaw == .notAnObject {
      record.value.append(contentsOf: [#""usage""#, "42", "true", "-1.5e3"][random.below(4)].utf8)
      return
    }
    writeAttributes(index, eventNs, kind, flaw, record.key, &random, &record.value)
    if writeEarlyEnd(flaw, &record.value) { return }
    record.value.append(contentsOf: vocabulary.payload)
    switch kind {
    case .apiCall: writeCall(&random, &record.value)
    case .llmTokens: writeTokens(flaw, &random, &record.value)
    case .chainDeployment: writeDeployment(&random, &record.value)
    case .storageSample: writeSample(tenant, flaw, &random, &record.value)
    }
    pad(&random, &record.value)
    record.value.append(125)
    record.value.append(125)
    if flaw == .cutShort { record.value.removeLast(1 + random.below(record.value.count - 1)) }
    if flaw == .trailingText { record.value.append(contentsOf: " null".utf8) }
  }

  private func writeAttributes(
    _ index: Int, _ eventNs: Int64, _ kind: EventKind, _ flaw: Flaw?, _ tenant: [UInt8], _ random: inout SplitMix64,
    _ value: inout [UInt8]
  ) {
    if flaw == .byteOrderMark { value.append(contentsOf: [0xEF, 0xBB, 0xBF]) }
    if flaw == .wrongSpecversion {
      value.append(contentsOf: #"{"specversion":"0.3""#.utf8)
    } else {
      value.append(contentsOf: vocabulary.opening)
    }
    let source = vocabulary.sources[kind.rawValue]
    if flaw == .missingID {
      // Without the quote that would have closed the id.
      value.append(contentsOf: source.dropFirst())
    } else {
      value.append(contentsOf: vocabulary.id)
      if flaw == .longID { value.append(contentsOf: repeatElement(105, count: 257)) }
      value.append(contentsOf: seedTag)
      value.append(45)
      value.appendDecimal(UInt64(index), width: 10)
      value.append(contentsOf: source)
    }
    if flaw != .missingType { value.append(contentsOf: vocabulary.types[kind.rawValue]) }
    if flaw != .missingSubject { writeSubject(flaw, tenant, &value) }
    if flaw == .repeatedSubject { writeSubject(flaw, tenant, &value) }
    value.append(contentsOf: vocabulary.time)
    if flaw == .badTime {
      value.append(contentsOf: Self.badTimes[random.below(Self.badTimes.count)].utf8)
    } else {
      CivilTime.append(eventNs, fractionDigits: kind.fractionDigits, offsetHours: kind.offsetHours, to: &value)
    }
    value.append(34)
  }

  private func writeSubject(_ flaw: Flaw?, _ tenant: [UInt8], _ value: inout [UInt8]) {
    value.append(contentsOf: vocabulary.subject)
    value.append(contentsOf: tenant)
    if flaw == .invalidUTF8 { value.append(contentsOf: [0xC3, 0x28]) }
    if flaw == .rawControlCharacter { value.append(7) }
    if flaw == .escapedControlCharacter { value.append(contentsOf: #"\u0007"#.utf8) }
    value.append(34)
  }

  /// Flaws that put something else in the place of the payload.
  private func writeEarlyEnd(_ flaw: Flaw?, _ value: inout [UInt8]) -> Bool {
    switch flaw {
    case .arrayAsPayload: value.append(contentsOf: #","data":["usage",1]}"#.utf8)
    case .base64Payload: value.append(contentsOf: #","data_base64":"eyJ1c2FnZSI6MX0="}"#.utf8)
    default: return false
    }
    return true
  }

  private func writeCall(_ random: inout SplitMix64, _ value: inout [UInt8]) {
    value.append(contentsOf: vocabulary.endpoint(random.next()))
    writeRegion(&random, &value)
    value.append(contentsOf: vocabulary.status)
    let draw = random.below(Self.statuses.count)
    value.appendDecimal(Self.statuses[draw])
    value.append(contentsOf: vocabulary.latency)
    // The product of two even draws leans to short times with a long tail, up to 4 s.
    value.appendDecimal(thousandths: UInt64(1 + random.below(2000) * random.below(2000)))
  }

  private func writeTokens(_ flaw: Flaw?, _ random: inout SplitMix64, _ value: inout [UInt8]) {
    value.append(contentsOf: vocabulary.model(random.next()))
    let tokens = UInt64(1 + random.below(180) * random.below(180))
    let isInput = random.below(3) > 0
    if flaw != .missingValue {
      value.append(contentsOf: vocabulary.tokens)
      writeNumber(flaw, whole: tokens, thousandths: nil, &value)
    }
    value.append(contentsOf: isInput ? vocabulary.input : vocabulary.output)
  }

  private func writeDeployment(_ random: inout SplitMix64, _ value: inout [UInt8]) {
    value.append(contentsOf: vocabulary.chain(random.next()))
    writeRegion(&random, &value)
    value.append(34)
  }

  /// A volume keeps about its size: a base of its own and up to ten gigabytes that come and go.
  private func writeSample(_ tenant: Int, _ flaw: Flaw?, _ random: inout SplitMix64, _ value: inout [UInt8]) {
    let volume = random.below(8)
    let base = SplitMix64.mix(UInt64(tenant) << 3 | UInt64(volume)) % 500_000
    let size = base + UInt64(random.below(10_000))
    if flaw == .missingValue {
      value.append(contentsOf: vocabulary.volume.dropFirst())
    } else {
      value.append(contentsOf: vocabulary.gigabytes)
      writeNumber(flaw, whole: size / 1000, thousandths: size, &value)
      value.append(contentsOf: vocabulary.volume)
    }
    value.appendDecimal(UInt64(volume + 1), width: 2)
    value.append(34)
  }

  private func writeRegion(_ random: inout SplitMix64, _ value: inout [UInt8]) {
    value.append(contentsOf: vocabulary.region)
    value.append(contentsOf: vocabulary.regions[random.below(vocabulary.regions.count)])
  }

  private func writeNumber(_ flaw: Flaw?, whole: UInt64, thousandths: UInt64?, _ value: inout [UInt8]) {
    let flawed: (before: String, after: String)? =
      switch flaw {
      // Thirteen fraction digits are one more than any meter may have.
      case .tooManyDigits: ("", ".1234567890123")
      // A decimal below zero whatever the number, as -0 would be 0.
      case .negativeValue: ("-1", "")
      case .blankInNumber: (#"" "#, #"""#)
      case .leadingPlus: (#""+"#, #"""#)
      case .groupedDigits: (#""1_"#, #"""#)
      case .hexadecimal: (#""0x"#, #"""#)
      case .notANumber: (#""NaN"#, #"""#)
      case .hugeExponent: ("1", "e999")
      default: nil
      }
    if let flawed {
      value.append(contentsOf: flawed.before.utf8)
      value.appendDecimal(whole)
      value.append(contentsOf: flawed.after.utf8)
    } else if let thousandths {
      value.appendDecimal(thousandths: thousandths)
    } else {
      value.appendDecimal(whole)
    }
  }

  /// Fills up to `paddedBytes`, where the member itself and the two closing braces still fit.
  private func pad(_ random: inout SplitMix64, _ value: inout [UInt8]) {
    var missing = options.paddedBytes - value.count - vocabulary.padding.count - 3
    guard missing >= 0 else { return }
    value.append(contentsOf: vocabulary.padding)
    while missing > 0 {
      // Ten letters of six bits from each draw: padding that compresses no better than text does.
      var bits = random.next()
      for _ in 0..<min(10, missing) {
        value.append(97 &+ UInt8(truncatingIfNeeded: bits & 63) % 26)
        bits >>= 6
      }
      missing -= min(10, missing)
    }
    value.append(34)
  }

  private static let statuses: [UInt64] =
    [UInt64](repeating: 200, count: 10) + [201, 204, 400, 404, 429, 500]
  private static let badTimes = [
    "2026-13-01T00:00:00Z", "2026-02-30T12:00:00Z", "2026-11-21 10:15:00Z", "2026-11-21T10:15:00", "yesterday", "",
    "2026-11-21T24:00:00Z", "2026-11-21T10:15:00.1234567890Z", "1795256100",
  ]
}
