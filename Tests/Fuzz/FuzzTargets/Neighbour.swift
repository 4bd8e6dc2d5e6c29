import TestDice

/// A record that looks nearly like another: what differs is what a decoder that recognises shapes could overlook.
enum Neighbour {
  static func of(_ record: SmallLog.Record, among others: [SmallLog.Record], _ dice: inout Dice) -> SmallLog.Record {
    guard var text = record.value else { return record }
    var neighbour = record
    for _ in 0...dice.below(2) { change(&text, &dice) }
    switch dice.below(12) {
    case 0:
      // The same text compressed stands elsewhere in memory.
      neighbour.value = ReferenceFrame.compress(text)
      neighbour.headers.append((Array("content-encoding".utf8), Array("zstd".utf8)))
      return neighbour
    case 1:
      let parts = [text, record.value ?? [], others.last?.value ?? []]
      neighbour.value = [0x5B] + parts.joined(separator: [0x2C]) + [0x5D]
      return neighbour
    case 2:
      // The attributes as headers, the text as the payload.
      neighbour.headers += binary
      return neighbour
    default:
      neighbour.value = text
      return neighbour
    }
  }

  private static let binary = [
    ("ce_specversion", "1.0"), ("ce_id", "h"), ("ce_source", "s"), ("ce_type", "t"), ("ce_subject", "acme"),
  ].map { (Array($0.0.utf8), Optional(Array($0.1.utf8))) }

  private static func change(_ text: inout [UInt8], _ dice: inout Dice) {
    let places = Places(text)
    switch dice.below(15) {
    case 0: replace(&text, places.digits, with: [0x30 + UInt8(dice.below(10))], &dice)
    case 1: replace(&text, places.letters, with: [0x61 + UInt8(dice.below(26))], &dice)
    case 2: replace(&text, places.letters, with: dice.pick(escapes), &dice)
    case 3: insert(dice.pick(blanks), &text, places.gaps, &dice)
    case 4: insert(Array("abcdefgh".utf8.prefix(1 + dice.below(8))), &text, places.letters, &dice)
    case 5: insert(dice.pick(members), &text, places.commas, &dice)
    case 6: swapMembers(&text, places, &dice)
    case 7: if let at = pick(places.values, &dice) { text.replaceSubrange(at, with: dice.pick(values)) }
    case 8:
      if let at = pick(places.values, &dice), let from = pick(places.values, &dice) {
        text.replaceSubrange(at, with: Array(text[from]))
      }
    case 9: if !text.isEmpty { text[dice.below(text.count)] ^= 1 << UInt8(dice.below(8)) }
    case 10: if !text.isEmpty { text.remove(at: dice.below(text.count)) }
    case 11: insert(dice.pick(strange), &text, places.letters, &dice)
    case 12: if let at = places.digits.last { text.insert(0x30 + UInt8(dice.below(10)), at: at) }
    case 13:
      // As long as an attribute or a dimension may be, or a little longer.
      let letters = [UInt8](repeating: 0x61, count: dice.pick([120, 128, 248, 257, 300]))
      insert(letters, &text, places.letters, &dice)
    default: text += dice.pick(blanks + [[0x7D], [0]])
    }
  }

  private static func pick<Place>(_ places: [Place], _ dice: inout Dice) -> Place? {
    places.isEmpty ? nil : dice.pick(places)
  }

  private static func replace(_ text: inout [UInt8], _ places: [Int], with bytes: [UInt8], _ dice: inout Dice) {
    if let at = pick(places, &dice) { text.replaceSubrange(at...at, with: bytes) }
  }

  private static func insert(_ bytes: [UInt8], _ text: inout [UInt8], _ places: [Int], _ dice: inout Dice) {
    if let at = pick(places, &dice) { text.insert(contentsOf: bytes, at: at) }
  }

  /// Two members of the outermost object change places.
  private static func swapMembers(_ text: inout [UInt8], _ places: Places, _ dice: inout Dice) {
    guard places.members.count >= 2 else { return }
    let first = dice.below(places.members.count - 1)
    let (left, right) = (places.members[first], places.members[first + 1])
    text.replaceSubrange(
      left.lowerBound..<right.upperBound,
      with: Array(text[right]) + Array(text[left.upperBound..<right.lowerBound]) + Array(text[left]))
  }

  private static let escapes = [#"\u0061"#, #"\n"#, #"\""#, #"\\"#, #"\u00e9"#, #"\ud800"#, #"\/"#].map {
    Array($0.utf8)
  }
  /// Beyond ASCII, no UTF-8 at all, and control characters of both kinds.
  private static let strange: [[UInt8]] = [
    [0xC3, 0xA9], [0xF0, 0x9F, 0x98, 0x80], [0x7F], [0x80], [0xC2, 0x85], [0xFF], [0xED, 0xA0, 0x80], [0xC3], [0x01],
  ]
  private static let blanks = [" ", "\n", "\t", "  \r\n"].map { Array($0.utf8) }
  /// Each stands before a comma.
  private static let members = [
    #","x":[1,{"id":"q"}]"#, #","id":"again""#, #","subject":null"#, #","time":"2026-01-01T00:00:00Z""#, #","n":1"#,
    #","data":{}"#, #","correction":"adjust""#, #","type":"c""#, #","correction":"void","corrects":"e1""#,
  ].map { Array($0.utf8) }
  private static let values = [
    "null", "1", "-1", "1e3", "0.5", #""1.0""#, #""""#, "{}", "[]", "true", #""t""#, #""m""#,
  ]
  .map { Array($0.utf8) }

  /// Where things stand in a text, as far as one can see that without knowing JSON well.
  private struct Places {
    var digits: [Int] = []
    /// Inside of strings.
    var letters: [Int] = []
    /// Outside of strings, before or behind a mark.
    var gaps: [Int] = []
    /// Of the objects at depth one and two.
    var commas: [Int] = []
    /// Whole scalars.
    var values: [Range<Int>] = []
    /// Of the outermost object.
    var members: [Range<Int>] = []

    init(_ text: [UInt8]) {
      var isInString = false
      var depth = 0
      var began = 0
      var valueBegan: Int?
      var at = 0
      while at < text.count {
        let byte = text[at]
        if isInString {
          if byte == 0x22 { isInString = false } else { letters.append(at) }
          if byte == 0x5C { at += 1 }
        } else if byte == 0x22 {
          isInString = true
        } else if (0x30...0x39).contains(byte) {
          digits.append(at)
        } else if [0x2C, 0x3A, 0x5B, 0x5D, 0x7B, 0x7D].contains(byte) {
          gaps += [at, at + 1]
          if byte == 0x2C || byte == 0x7D {
            if let start = valueBegan, start < at { values.append(start..<at) }
            if depth == 1, began < at { members.append(began..<at) }
            if (1...2).contains(depth) { commas.append(at) }
          }
          valueBegan = byte == 0x3A ? at + 1 : nil
          if byte == 0x7B || byte == 0x5B { depth += 1 }
          if byte == 0x7D || byte == 0x5D { depth -= 1 }
          if depth == 1, byte == 0x2C || byte == 0x7B { began = at + 1 }
        }
        at += 1
      }
    }
  }
}
