/// One event before anybody has written it down.
struct UsageEvent {
  enum Attribute: CaseIterable {
    case specversion, id, source, type, subject, datacontenttype, time, data
  }

  struct Member {
    var name: StaticString
    /// As JSON has it, quotes included.
    var value: [UInt8]
  }

  var producer: Producer
  var kind: ProductKind
  var id: (UInt64, UInt64)
  var tenant: Int
  var nanoseconds: Int64
  var members: [Member]

  /// Puts the event's JSON in place of `text`.
  func write(to text: inout [UInt8]) {
    text.removeAll(keepingCapacity: true)
    let (colon, comma) = (producer.colon, producer.comma)
    var isFirst = true
    func name(_ name: String) {
      if !isFirst { text += comma }
      isFirst = false
      text.append(0x22)
      text += name.utf8
      text.append(0x22)
      text += colon
    }
    func string(_ label: String, _ value: some Sequence<UInt8>) {
      name(label)
      text.append(0x22)
      text.append(contentsOf: value)
      text.append(0x22)
    }
    text.append(0x7B)
    for attribute in producer.attributes {
      switch attribute {
      case .specversion: string("specversion", "1.0".utf8)
      case .id: string("id", uuid)
      case .source: string("source", kind.source.utf8)
      case .type: string("type", kind.type.utf8)
      case .subject: string("subject", Self.name(ofTenant: tenant))
      case .datacontenttype: string("datacontenttype", "application/json".utf8)
      case .time: string("time", time)
      case .data:
        name("data")
        text.append(0x7B)
        isFirst = true
        for member in producer.ordered(members) {
          name("\(member.name)")
          text += member.value
        }
        text.append(0x7D)
      }
    }
    text.append(0x7D)
  }

  static func name(ofTenant tenant: Int) -> [UInt8] { Array("tenant-".utf8) + digits(Int64(tenant + 1), 4) }

  /// As RFC 9562 has random ones: version 4, variant 8 to b.
  private var uuid: [UInt8] {
    let high = id.0 & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    let low = id.1 & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    var text: [UInt8] = []
    for place in 0..<32 {
      if [8, 12, 16, 20].contains(place) { text.append(0x2D) }
      let word = place < 16 ? high : low
      let digit = UInt8(word >> UInt64(60 - place % 16 * 4) & 15)
      text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
    return text
  }

  /// Only January 2026, which is longer than any bench.
  private var time: [UInt8] {
    let (seconds, fraction) = (nanoseconds - Workshop.startMs * 1_000_000).quotientAndRemainder(
      dividingBy: 1_000_000_000)
    let (day, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
    var text = Array("2026-01-".utf8) + Self.digits(day + 1, 2) + [0x54]
    text +=
      Self.digits(second / 3_600, 2) + [0x3A] + Self.digits(second / 60 % 60, 2) + [0x3A] + Self.digits(second % 60, 2)
    var digits = Array(Self.digits(fraction, 9).prefix(producer.fractionDigits))
    if producer == .go { while digits.last == 0x30 { digits.removeLast() } }
    if !digits.isEmpty { text += [0x2E] + digits }
    return text + producer.zulu
  }

  static func digits(_ number: Int64, _ count: Int) -> [UInt8] {
    let text = Array(String(number).utf8)
    return [UInt8](repeating: 0x30, count: max(0, count - text.count)) + text
  }
}
