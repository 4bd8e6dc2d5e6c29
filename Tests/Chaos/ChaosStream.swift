import MeterLab
import TestDice
import TestLogs

/// The log of a round: a function of its seed, so that the broker and the recount are told the same without either asking the other.
///
/// Most records are the laboratory's stream with duplicates, late and malformed events. Between them are events that come again long
/// after, conflicts, voids and adjusts, batches, events whose attributes are headers, zstd frames, hostile events, broken bytes and
/// tombstones. It gives up gaps between offsets, which the laboratory's broker does not have.
struct ChaosStream {
  static let eventBytesMax = 4_096
  /// One in so many plain events is remembered, and so many at the most: together they reach back over two dedupe windows.
  private static let rememberedShare = 8
  private static let rememberedMax = 50_000
  private static let hostileMax = 300
  /// A round of half a million events lasts 83 minutes of the stream's own time, nearly three dedupe windows.
  private static let eventsPerSecond = 100.0

  private struct Past {
    let partition: Int
    let key: [UInt8]
    let value: [UInt8]
  }

  private let count: Int
  private let partitions: Int
  private(set) var made = 0
  private var dice: Dice
  private var stream: EventStream
  private var record = GeneratedRecord()
  private var past: [Past] = []
  private var pastCount = 0
  private var takenBack: [Past] = []
  private var hostile: [HostileEvent] = []

  init(seed: UInt64, count: Int, partitions: Int) throws {
    self.count = count
    self.partitions = partitions
    dice = Dice(seed)
    var options = EventStreamOptions()
    options.seed = seed
    options.tenants = 300
    // Flat enough that no partition has much more than its share.
    options.tenantExponent = 0.3
    options.eventsPerSecond = Self.eventsPerSecond
    options.duplicateShare = 0.05
    options.lateShare = 0.03
    options.malformedShare = 0.01
    options.duplicateReach = 20_000
    stream = try EventStream(options)
  }

  mutating func next() -> ReplayedRecord? {
    guard made < count else { return nil }
    made += 1
    stream.next(into: &record)
    let stamp = dice.once(in: 500) ? record.timestampMs - Int64(dice.below(3_600_000)) : record.timestampMs
    let plain = Past(partition: partition(of: record.key), key: record.key, value: record.value)
    var next: ReplayedRecord
    switch dice.below(1_000) {
    case 0..<25: return hostile(stamp)
    case 25..<28: next = ReplayedRecord(plain.partition, stamp, plain.key, broken(plain.value))
    case 28..<43 where !past.isEmpty:
      let again = dice.pick(past)
      next = ReplayedRecord(again.partition, stamp, again.key, again.value)
    case 43..<53 where !past.isEmpty:
      let first = recent()
      next = ReplayedRecord(first.partition, stamp, first.key, altered(first.value))
    case 53..<73 where !past.isEmpty: next = corrected(stamp)
    case 73..<83 where !past.isEmpty: next = batched(stamp)
    case 83..<85:
      let value: [UInt8]? = dice.pick([nil, [], Array(repeating: 0x20, count: Self.eventBytesMax + dice.below(2))])
      next = ReplayedRecord(plain.partition, stamp, plain.key, value)
    case 85..<90: next = binary(plain, stamp)
    default:
      if made % Self.rememberedShare == 0, record.condition == .punctual { remember(plain) }
      next = ReplayedRecord(plain.partition, stamp, plain.key, plain.value)
    }
    if dice.once(in: 100), let value = next.value, value.count <= Self.eventBytesMax { squeeze(&next, value) }
    return next
  }

  private func partition(of key: [UInt8]) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int((hash >> 17) % UInt64(partitions))
  }

  private mutating func remember(_ event: Past) {
    if past.count < Self.rememberedMax { past.append(event) } else { past[pastCount % Self.rememberedMax] = event }
    pastCount += 1
  }

  /// Mostly one of the last, so that it is still known.
  private mutating func recent() -> Past {
    if dice.once(in: 4) { return dice.pick(past) }
    let back = 1 + dice.below(min(past.count, 2_000))
    return past[(pastCount - back) % Self.rememberedMax]
  }

  /// The same identity with another content.
  private mutating func altered(_ value: [UInt8]) -> [UInt8] {
    value.inserting(#""altered":\#(dice.below(3)),"#, behind: #""data":{"#)
  }

  /// An event again as a void or an adjust of it. The same correction comes again now and then, and so does its original.
  private mutating func corrected(_ stamp: Int64) -> ReplayedRecord {
    let original = !takenBack.isEmpty && dice.once(in: 4) ? dice.pick(takenBack) : recent()
    let number = dice.below(3)
    var value = original.value
    if dice.once(in: 3) {
      value = value.inserting(#""correction":"adjust","#, behind: "{").suffixing(id: "-a\(number)")
      if dice.once(in: 2) { value = value.inserting("-", behind: #""tokens":"#) }
    } else {
      if takenBack.count < 64 { takenBack.append(original) } else { takenBack[dice.below(64)] = original }
      let id = value.id
      let corrects = dice.once(in: 30) ? "" : #""corrects":"\#(id)","#
      let kind = dice.once(in: 30) ? "undo" : "void"
      value = value.inserting(#"\#(corrects)"correction":"\#(kind)","#, behind: "{").suffixing(id: "-v\(number)")
    }
    return ReplayedRecord(original.partition, stamp, original.key, value)
  }

  /// Several events in one record, some of which are none. Their tenants are of other partitions, mostly.
  private mutating func batched(_ stamp: Int64) -> ReplayedRecord {
    var parts: [[UInt8]] = []
    let first = recent()
    for _ in 0..<dice.below(6) {
      switch dice.below(8) {
      case 0: parts.append(altered(recent().value))
      case 1: parts.append(Array(dice.pick(["1", "null", "[]", "\"x\"", "{}", "[{}]"]).utf8))
      default: parts.append(recent().value)
      }
    }
    let value = Array("[ ".utf8) + parts.joined(separator: Array(" ,\n".utf8)) + Array("]".utf8)
    return ReplayedRecord(first.partition, stamp, first.key, value)
  }

  /// An event whose attributes are headers.
  private mutating func binary(_ plain: Past, _ stamp: Int64) -> ReplayedRecord {
    var headers: [(String, [UInt8]?)] = [
      ("ce_specversion", Array("1.0".utf8)), ("ce_id", Array("b\(made - dice.below(20_000))".utf8)),
      ("ce_source", Array("s".utf8)), ("ce_type", Array(HostileEvent.type.utf8)), ("ce_subject", plain.key),
    ]
    switch dice.below(12) {
    case 0: headers.remove(at: dice.below(headers.count))
    case 1: headers.append(dice.pick(headers))
    case 2: headers[dice.below(headers.count)].1 = dice.pick([nil, [], [0xFF], [0x61, 0x07]])
    default: break
    }
    var next = ReplayedRecord(
      plain.partition, stamp, plain.key, Array(#"{"v":{"n":\#(dice.below(1_000)),"d":"eu"}}"#.utf8))
    next.headers = headers.map { RecordHeader(name: Array($0.0.utf8), value: $0.1) }
    return next
  }

  /// Sums of 38 digits stay in one partition: those of several together would have 39.
  private mutating func hostile(_ stamp: Int64) -> ReplayedRecord {
    if !hostile.isEmpty, dice.once(in: 2) {
      let one = dice.pick(hostile)
      return hostile(one, one.written(dice.pick(HostileEvent.Manner.allCases), &dice), stamp)
    }
    let one = HostileEvent(
      key: dice.next() >> 20, timestampMs: stamp, pastNs: 35 * 86_400_000_000_000, futureNs: 600_000_000_000)
    if hostile.count < Self.hostileMax { hostile.append(one) } else { hostile[dice.below(Self.hostileMax)] = one }
    return hostile(one, one.written(.plain, &dice), stamp)
  }

  private func hostile(_ one: HostileEvent, _ value: [UInt8], _ stamp: Int64) -> ReplayedRecord {
    let partition = one.isLarge ? 0 : Int(one.key >> 8) % partitions
    return ReplayedRecord(partition, stamp, Array("hostile".utf8), value)
  }

  private mutating func broken(_ value: [UInt8]) -> [UInt8] {
    var value = value
    for _ in 0...dice.below(3) where !value.isEmpty {
      let at = dice.below(value.count)
      switch dice.below(4) {
      case 0: value[at] ^= 1 << UInt8(dice.below(8))
      case 1: value.remove(at: at)
      case 2: value.insert(dice.pick(Array("\"\\{}[]:,0-.eE \u{1}".utf8)), at: at)
      default: value.removeLast(min(value.count, dice.below(5)))
      }
    }
    return value
  }

  /// One zstd frame, which now and then is cut, followed by something, or two.
  private mutating func squeeze(_ record: inout ReplayedRecord, _ value: [UInt8]) {
    var frame = Zstd.frame(value)
    switch dice.below(12) {
    case 0: frame.removeLast(min(frame.count, 1 + dice.below(6)))
    case 1: frame.append(0)
    case 2: frame += frame
    default: break
    }
    record.headers.append(RecordHeader(name: Array("content-encoding".utf8), value: Array("zstd".utf8)))
    record.value = frame
  }
}

extension ReplayedRecord {
  fileprivate init(_ partition: Int, _ stamp: Int64, _ key: [UInt8], _ value: [UInt8]?) {
    self.init(partition: partition, timestampMs: stamp, key: key, headers: [], value: value)
  }
}

extension [UInt8] {
  /// As it is where `mark` is not in it.
  fileprivate func inserting(_ text: String, behind mark: String) -> [UInt8] {
    guard let place = firstRange(of: Array(mark.utf8)) else { return self }
    return Array(self[..<place.upperBound]) + Array(text.utf8) + Array(self[place.upperBound...])
  }

  private static let idMark = Array(#""id":""#.utf8)

  private var idPlace: Range<Int>? {
    guard let mark = firstRange(of: Self.idMark),
      let end = self[mark.upperBound...].firstIndex(of: UInt8(ascii: "\""))
    else { return nil }
    return mark.upperBound..<end
  }

  fileprivate var id: String { idPlace.map { String(decoding: self[$0], as: UTF8.self) } ?? "" }

  fileprivate func suffixing(id suffix: String) -> [UInt8] {
    guard let place = idPlace else { return self }
    return Array(self[..<place.upperBound]) + Array(suffix.utf8) + Array(self[place.upperBound...])
  }
}
