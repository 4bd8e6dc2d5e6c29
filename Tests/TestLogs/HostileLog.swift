import MeterLab
import MeterOracle
import TestDice

/// Logs of some partitions, as a function of a seed: the laboratory's stream with many duplicates, late and malformed events, and
/// between them hostile events, broken bytes, odd headers, gaps between offsets and timestamps that jump.
public struct HostileLog: Sendable {
  public static let topic: OracleText = "usage.events"
  public static let eventBytesMax = 4_096

  public let settings: OracleSettings
  public private(set) var partitions: [[OracleRecord]]

  private var dice: Dice
  private var sent: [HostileEvent] = []
  private var raw: [[UInt8]] = []
  /// Events of the laboratory's stream, as they were: the last of them, in a ring.
  private var plain: [[UInt8]] = []
  private var plainCount = 0
  private var takenBack: [[UInt8]] = []
  private static let plainMax = 2_000

  public init(seed: UInt64, events: Int, partitions count: Int) throws {
    dice = Dice(seed)
    partitions = Array(repeating: [], count: count)
    var options = EventStreamOptions()
    options.seed = seed
    options.tenants = 40
    options.eventsPerSecond = Double(dice.pick([5, 50, 500]))
    options.duplicateShare = 0.2
    options.lateShare = 0.15
    options.malformedShare = 0.15
    options.duplicateReach = 2_000
    var stream = try EventStream(options)

    let lengthMs = Int64(Double(events) / options.eventsPerSecond * 1000)
    var settings = OracleSettings(now: OracleInstant(milliseconds: options.startNs / 1_000_000 + lengthMs))
    settings.rollupWindow = dice.pick([.seconds(60), .seconds(900), .seconds(3600)])
    // Between one window and a thousand go by in a log.
    settings.dedupeWindow = .milliseconds(max(1, lengthMs / Int64(dice.pick([1, 8, 40, 1_000]))))
    settings.forgetting = .bySixteenths
    settings.maxPast = .seconds(5 * 24 * 3600)
    settings.maxFuture = .seconds(dice.pick([0, 600]))
    settings.maxEventBytes = Self.eventBytesMax
    settings.maxSeriesPerMeter = dice.pick([1, 2, 5, 1 << 40])
    self.settings = settings

    var record = GeneratedRecord()
    for _ in 0..<events {
      stream.next(into: &record)
      let stamp = timestamp(around: record.timestampMs)
      var value: [UInt8]? = record.value
      var partition = record.key.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % count
      // Sums of 38 digits stay in one partition: those of several together would have 39.
      var isLarge = false
      switch dice.below(20) {
      case 0...4:
        let event = hostileEvent(stamp)
        value = event.bytes
        isLarge = event.isLarge
        if isLarge { partition = 0 }
      case 5: value = broken(record.value)
      case 6 where !raw.isEmpty: value = dice.pick(raw)
      case 8 where !plain.isEmpty: value = corrected(remembered())
      case 9 where !plain.isEmpty: value = batched()
      case 7 where dice.once(in: 10):
        value = dice.pick([nil, [], Array(repeating: 0x20, count: Self.eventBytesMax + dice.below(2))])
      default: break
      }
      if value == record.value { remember(record.value) }
      if let value, !isLarge, raw.count < 500 || dice.once(in: 50) {
        if raw.count < 500 { raw.append(value) } else { raw[dice.below(500)] = value }
      }
      append(value, stamp, to: partition)
    }
  }

  private mutating func remember(_ event: [UInt8]) {
    if plain.count < Self.plainMax { plain.append(event) } else { plain[plainCount % Self.plainMax] = event }
    plainCount += 1
  }

  /// One of the events so far; often one of the last, or one that was taken back before.
  private mutating func remembered() -> [UInt8] {
    switch dice.below(3) {
    case 0 where !takenBack.isEmpty: return takenBack[max(0, takenBack.count - 1 - dice.below(8))]
    case 1: return plain[(plainCount - 1 - dice.below(min(12, plain.count))) % Self.plainMax]
    default: return dice.pick(plain)
    }
  }

  /// The event again as a void or an adjust of it, by its text.
  private mutating func corrected(_ event: [UInt8]) -> [UInt8] {
    let text = String(decoding: event, as: UTF8.self)
    let parts = text.split(separator: "\"id\":\"", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let end = parts[1].firstIndex(of: "\"") else { return event }
    let id = parts[1][..<end]
    let rest = parts[1][parts[1].index(after: end)...]
    // The same correction comes again now and then, and so do its identity and its original.
    let number = dice.below(3)
    if dice.once(in: 3) {
      let negative = rest.replacing("\"tokens\":", with: dice.once(in: 2) ? "\"tokens\":-" : "\"tokens\":")
      return Array("\(parts[0])\"correction\":\"adjust\",\"id\":\"\(id)-a\(number)\"\(negative)".utf8)
    }
    takenBack.append(event)
    let original = dice.once(in: 8) ? "\(id)-a0" : String(id)
    let kind = dice.once(in: 30) ? "undo" : "void"
    let corrects = dice.once(in: 30) ? "" : "\"corrects\":\"\(original)\","
    return Array("\(parts[0])\(corrects)\"correction\":\"\(kind)\",\"id\":\"\(id)-v\(number)\"\(rest)".utf8)
  }

  /// Several events in one record, some of which are none.
  private mutating func batched() -> [UInt8] {
    var parts: [[UInt8]] = []
    for _ in 0..<dice.below(6) {
      switch dice.below(8) {
      case 0: parts.append(corrected(remembered()))
      case 1: parts.append(Array(dice.pick(["1", "null", "[]", "\"x\"", "{}", "[{}]"]).utf8))
      default: parts.append(dice.pick(plain))
      }
    }
    return Array("[ ".utf8) + parts.joined(separator: Array(" ,\n".utf8)) + Array("]".utf8)
  }

  private mutating func append(_ value: [UInt8]?, _ stamp: Int64, to partition: Int) {
    let last = partitions[partition].last?.offset ?? Int64(partition) * 1_000_000_000_000
    var headers: [OracleRecord.Header] = []
    var value = value
    if dice.once(in: 40) { (headers, value) = binary() }
    if dice.once(in: 50) {
      let encoding = dice.pick([nil, "identity", "zstd", "", "gzip"]).map { Array($0.utf8) }
      headers.append(.init(name: dice.pick(["content-encoding", "Content-Encoding", "x"]), value: encoding))
    } else if dice.once(in: 20), let whole = value {
      headers.append(.init(name: "content-encoding", value: Array("zstd".utf8)))
      if dice.once(in: 20) { headers.append(.init(name: "content-encoding", value: nil)) }
      if dice.once(in: 20) { headers.append(.init(name: "content-encoding", value: Array("zstd".utf8))) }
      value = squeezed(whole)
    }
    partitions[partition].append(
      OracleRecord(
        topic: Self.topic, partition: partition, offset: last + 1 + Int64(dice.once(in: 20) ? dice.below(1000) : 0),
        timestampMs: stamp, headers: headers, value: value))
  }

  /// An event whose attributes are headers.
  private mutating func binary() -> ([OracleRecord.Header], [UInt8]?) {
    var headers: [(String, [UInt8]?)] = [
      ("ce_specversion", Array("1.0".utf8)), ("ce_id", Array("b\(dice.below(500))".utf8)),
      ("ce_source", Array("s".utf8)),
      ("ce_type", Array(HostileEvent.type.utf8)), ("ce_subject", Array(dice.pick(["acme", "caf\u{E9}"]).utf8)),
    ]
    switch dice.below(12) {
    case 0: headers.remove(at: dice.below(headers.count))
    case 1: headers.append(dice.pick(headers))
    case 2: headers[dice.below(headers.count)].1 = dice.pick([nil, [], [0xFF], [0x61, 0x07], [0xC2, 0x85]])
    case 3: headers[1].0 = "CE_id"
    case 4: headers.append(("ce_time", Array("yesterday".utf8)))
    case 5: headers.append(("ce_correction", Array("adjust".utf8)))
    case 6: headers += [("ce_correction", Array("void".utf8)), ("ce_corrects", Array("b\(dice.below(500))".utf8))]
    case 7: headers.append(("ce_unknown", [0xFF]))
    default: break
    }
    let value = dice.pick([
      nil, "", "null", "{}", "[]", "7", "{\"v\":{\"n\":5,\"d\":\"eu\"}}", "{\"v\":{\"n\":5,\"d\":\"eu\"}}",
      "{\"v\":{\"n\":-5}}", "{\"v\":{\"n\":\(dice.below(3))}}", "{nope",
    ])
    return (dice.shuffled(headers).map { .init(name: OracleText($0.0), value: $0.1) }, value.map { Array($0.utf8) })
  }

  /// One zstd frame, which now and then is cut, followed by something, or two. A frame that breaks behind the limit may be either
  /// broken or too large, so one of too much is left whole.
  private mutating func squeezed(_ value: [UInt8]) -> [UInt8] {
    var frame = Zstd.frame(value)
    guard value.count <= Self.eventBytesMax else { return frame }
    switch dice.below(12) {
    case 0: frame.removeLast(min(frame.count, 1 + dice.below(6)))
    case 1: frame.append(0)
    case 2: frame += frame
    case 3: frame[dice.below(frame.count)] ^= 4
    default: break
    }
    return frame
  }

  private mutating func timestamp(around stamp: Int64) -> Int64 {
    let windowMs = settings.dedupeWindow.components.seconds * 1000 + 16
    let bound = Int64((settings.now + settings.maxFuture).nanoseconds / 1_000_000)
    switch dice.below(2_000) {
    case 0: return min(bound, stamp + Int64(dice.below(Int(windowMs))))
    case 1: return min(bound, stamp + Int64(dice.below(Int(windowMs) / 16 + 1)))
    case 2...10: return stamp - Int64(dice.below(Int(windowMs) * 2))
    case 11: return bound + 1
    case 12: return Int64.max - Int64(dice.below(3))
    case 13: return Int64(dice.below(3))
    case 14 where dice.once(in: 10): return bound
    default: return stamp + Int64(dice.below(50))
    }
  }

  private mutating func hostileEvent(_ stamp: Int64) -> (bytes: [UInt8], isLarge: Bool) {
    if !sent.isEmpty, dice.once(in: 2) {
      let one = sent[max(0, sent.count - 1 - dice.below(300))]
      return (one.written(dice.pick(HostileEvent.Manner.allCases), &dice), one.isLarge)
    }
    let past = settings.maxPast.components.seconds * 1_000_000_000
    let one = HostileEvent(
      key: dice.next() >> 20, timestampMs: stamp, pastNs: past,
      futureNs: settings.maxFuture.components.seconds * 1_000_000_000)
    sent.append(one)
    return (one.written(.plain, &dice), one.isLarge)
  }

  private mutating func broken(_ value: [UInt8]) -> [UInt8] {
    var value = value
    for _ in 0...dice.below(3) where !value.isEmpty {
      let at = dice.below(value.count)
      switch dice.below(5) {
      case 0: value[at] ^= 1 << UInt8(dice.below(8))
      case 1: value[at] = UInt8(truncatingIfNeeded: dice.next())
      case 2: value.remove(at: at)
      case 3: value.insert(dice.pick(Array("\"\\{}[]:,0-.eE \u{1}".utf8)), at: at)
      default: value.removeLast(min(value.count, dice.below(5)))
      }
    }
    return value
  }
}
