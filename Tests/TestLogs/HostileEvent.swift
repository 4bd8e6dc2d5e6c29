import MeterLab
import TestDice

/// An event at the edge of some rule. It is a function of its key and its instant, so that it can be sent again: as it was, written
/// otherwise but with the same meaning, or with another content under the same identity.
public struct HostileEvent: Sendable {
  public static let type = "x.usage"
  public static let levelType = "x.level"
  public static let strictType = "x.caf\u{E9}"

  public enum Manner: Sendable, CaseIterable {
    case plain, restyled, twisted
  }

  public let key: UInt64
  /// The Kafka timestamp of its first record; its time lies around the bounds of that.
  let timestampMs: Int64
  let bounds: Bounds

  struct Bounds: Sendable {
    var pastNs: Int64
    var futureNs: Int64
  }

  /// `pastNs` and `futureNs` are how far its time may lie from the timestamp of its record.
  public init(key: UInt64, timestampMs: Int64, pastNs: Int64, futureNs: Int64) {
    self.key = key
    self.timestampMs = timestampMs
    bounds = Bounds(pastNs: pastNs, futureNs: futureNs)
  }

  private static let values = [
    "1", "2", "0", "-0", "12.5", "0.25", "1e3", "15e-1", "\"7\"", "\"3.5\"", "100.000", "1E+2", "0.000000001", "999999",
    "1000000",
    "\"\\u0031\"", "1.50", "0e99999999999", "123456789012.12", "00.5", "-1", "\"-1\"", "\" 1\"", "\"1_0\"", "1.234",
    "0.0000000001", "1e-10",
    "NaN", "null", "true", "[1]", "{\"n\":1}", "\"\"", "\"0x1\"", "1e999", "-1e999", "1e99999999999999999999",
    "1e-99999999999999999999",
    "4" + String(repeating: "9", count: 24), "1" + String(repeating: "0", count: 38), String(repeating: "9", count: 39),
  ]
  /// The third of them in a window has no room in 38 digits at a scale of 9.
  private static let large = "4" + String(repeating: "9", count: 28)
  private static let dimensions = [
    "\"a\"", "\"b\"", "\"a\"", "\"b\"", "1", "1.0", "true", "null", "\"\"", "\"\\u0061\"", "\"caf\u{E9}\"",
    "\"cafe\u{301}\"", "\"~other\"",
    "[]", "{}", "\"\\u0000\"", "\"\\u0085\"", "\"\u{7F}\"", "\"\u{A0}\"", "\"\(String(repeating: "x", count: 256))\"",
    "\"\(String(repeating: "x", count: 257))\"", "\"\\ud83d\\ude00\"",
  ]
  private static let subjects = [
    "tenant-0001", "tenant-0001", "acme", "acme", "caf\u{E9}", "cafe\u{301}", "\u{1F600}",
    String(repeating: "t", count: 128),
    String(repeating: "t", count: 129), "", "a\u{9F}b", "null",
  ]

  /// Whether it brings its window near the end of 38 digits.
  public var isLarge: Bool { key % 8 == 0 }

  /// Whether it says by itself what a crowd of others is counted as.
  private var saysOther: Bool { key % 16 == 5 }

  public func written(_ manner: Manner, _ style: inout Dice) -> [UInt8] {
    var dice = Dice(key)
    let isLarge = isLarge
    let value = isLarge ? Self.large : dice.once(in: 2) ? "\(dice.below(1000))" : dice.pick(Self.values)
    // Large values come together in few tenants, so that sums reach 38 digits there, and only there.
    let subject = value.utf8.count > 20 ? "large-\(key / 8 % 2)" : dice.once(in: 3) ? dice.pick(Self.subjects) : "acme"
    var type = dice.pick([
      Self.type, Self.type, Self.type, Self.levelType, Self.levelType, Self.strictType, "x.cafe\u{301}", "x.unmetered",
      "llm.tokens",
    ])
    if isLarge { type = Self.type }
    var inner = ["\"n\":\(value)"]
    inner += dimension(&dice)
    if dice.once(in: 40) { inner.append("\"d\":\"twice\"") }
    if dice.once(in: 40) { inner.append("\"n\":1") }
    var data = ["\"v\":{\(inner.joined(separator: ","))}"]
    if dice.once(in: 60) { data.append("\"v\":5") }
    data += dimension(&dice)
    if dice.once(in: 4) { data.append("\"caf\u{E9}\":\"c\"") }
    if dice.once(in: 4) { data.append("\"cafe\u{301}\":\"d\"") }
    if dice.once(in: 4) { data.append("\"list\":[1,2,{\"x\":1,\"y\":[null,true]}]") }
    let time = isLarge ? nil : time(&dice)
    let id = "h\(key % 100_000)"
    let source = dice.pick(["s", "//h", "s"])
    var extra: [String] = []
    if dice.once(in: 30) {
      extra.append(
        dice.pick(["\"correction\":null", "\"corrects\":\"x\"", "\"reservation\":\"r\"", "\"reservation\":1"]))
    }
    if dice.once(in: 30) {
      extra.append(dice.pick(["\"data_base64\":null", "\"data_base64\":\"\"", "\"id\":\"again\"", "\"time\":null"]))
    }
    if dice.once(in: 30) { extra.append("\"traceparent\":{\"id\":[\"id\"]}") }

    if manner == .twisted {
      switch style.below(3) {
      case 0: data.append("\"z\":\(style.below(5))")
      case 1: type = type == Self.type ? Self.strictType : Self.type
      default: data = ["\"v\":{\"n\":1}"]
      }
    }
    let isRestyled = manner != .plain
    let idText = isRestyled ? "\\u0068" + id.dropFirst() : id
    var members = [
      "\"specversion\":\"1.0\"", "\"id\":\"\(idText)\"", "\"source\":\"\(source)\"", "\"type\":\"\(type)\"",
      "\"subject\":\"\(subject)\"",
    ]
    if let time { members.append("\"time\":\"\(time)\"") }
    if dice.once(in: 40) { members.remove(at: dice.below(members.count)) }
    let names = Set(data.map { $0.utf8.first { $0 != UInt8(ascii: "\"") } })
    // The order of members that come twice belongs to their meaning.
    let isOrdered = names.count < data.count
    let gap = isRestyled ? style.pick([" ", "\n\t", "\r\n", ""]) : ""
    members.append(
      "\"data\":{\(gap)\((isRestyled && !isOrdered ? style.shuffled(data) : data).joined(separator: gap + "," + gap))\(gap)}"
    )
    members += extra
    if isRestyled, extra.isEmpty { members = style.shuffled(members) }
    return Array("{\(gap)\(members.joined(separator: gap + "," + gap))\(gap)}\(gap)".utf8)
  }

  private func dimension(_ dice: inout Dice) -> [String] {
    if isLarge { return ["\"d\":\"eu\""] }
    let drawn = dice.once(in: 3) ? nil : dice.once(in: 2) ? "\"eu\"" : dice.pick(Self.dimensions)
    return (saysOther ? "\"~other\"" : drawn).map { ["\"d\":\($0)"] } ?? []
  }

  private func time(_ dice: inout Dice) -> String? {
    let stamp = timestampMs.multipliedReportingOverflow(by: 1_000_000)
    guard !stamp.overflow, stamp.partialValue > 1_000_000_000_000_000_000,
      stamp.partialValue < 7_000_000_000_000_000_000
    else { return nil }
    let at: Int64
    switch dice.below(10) {
    case 0: return nil
    case 1: at = -bounds.pastNs
    case 2: at = -bounds.pastNs - 1
    case 3: at = bounds.futureNs
    case 4: at = bounds.futureNs + 1
    case 5:
      return dice.pick([
        "2026-01-01T00:00:60Z", "1677-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-29T00:00:00Z", "",
        "0000-01-01T00:00:00Z",
      ])
    default:
      at =
        -Int64(dice.below(dice.pick([5, 5, 7_200]))) * 1_000_000_000 - Int64(dice.below(2))
        * Int64(dice.below(1_000_000_000))
    }
    var text: [UInt8] = []
    CivilTime.append(stamp.partialValue + at, fractionDigits: 9, offsetHours: dice.pick([0, 0, 2]), to: &text)
    return String(decoding: text, as: UTF8.self)
  }
}
