/// Bytes that are not text, texts that are not JSON, and JSON that is only just that.
extension HostileRecord {
  static let encodings: [HostileRecord] =
    malformed.map { kind, bytes in
      let text = Array(text(of: "x", ["data": #"{"unused":"%"}"#]).utf8)
      let place = text.firstIndex(of: UInt8(ascii: "%"))!
      return HostileRecord(
        "\(kind) in a string", bytes: text[..<place] + bytes + text[(place + 1)...], [.refused(.badEncoding)])
    } + strays

  private static let strays: [HostileRecord] =
    [
      HostileRecord(
        "a stray byte between members", bytes: Array("{\"a\":1,".utf8) + [0x80] + [0x7D], [.refused(.badEncoding)]),
      HostileRecord("a stray byte in a text that is no JSON", bytes: [0x7B, 0xFF], [.refused(.badEncoding)]),
      HostileRecord("a stray byte in an unclosed string", bytes: [0x22, 0xC3, 0x28], [.refused(.badEncoding)]),
      HostileRecord("every byte there is", bytes: [UInt8](0...255), [.refused(.badEncoding)]),
      HostileRecord(
        "UTF-16 with its mark", bytes: [0xFF, 0xFE] + "{}".utf8.flatMap { [$0, 0] }, [.refused(.badEncoding)]),
      // NULs and ASCII are UTF-8; JSON they are not.
      HostileRecord("UTF-16 without a mark", bytes: "{}".utf8.flatMap { [0, $0] }, [.refused(.notJSON)]),
      HostileRecord("a tombstone", bytes: nil, [.refused(.notJSON)]),
      HostileRecord("a value of no bytes", bytes: [], [.refused(.notJSON)]),
    ]

  private static let malformed: [(String, [UInt8])] = [
    ("an overlong NUL", [0xC0, 0x80]), ("an overlong slash", [0xC0, 0xAF]), ("an overlong DEL", [0xC1, 0xBF]),
    ("an overlong character of three bytes", [0xE0, 0x9F, 0xBF]),
    ("an overlong character of four bytes", [0xF0, 0x8F, 0xBF, 0xBF]),
    ("the first surrogate", [0xED, 0xA0, 0x80]), ("the last surrogate", [0xED, 0xBF, 0xBF]),
    ("a pair of surrogates", [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]),
    ("the first past U+10FFFF", [0xF4, 0x90, 0x80, 0x80]), ("a lead of five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80]),
    ("the byte F5", [0xF5, 0x80, 0x80, 0x80]), ("the byte FE", [0xFE]), ("the byte FF", [0xFF]),
    ("a continuation alone", [0x80]), ("two bytes cut to one", [0xC3]), ("three bytes cut to two", [0xE2, 0x82]),
    ("four bytes cut to three", [0xF0, 0x9F, 0x98]), ("one continuation too many", [0xC3, 0xA9, 0xA9]),
    ("Latin-1", [0xE9, 0x20]),
  ]

  static let grammar: [HostileRecord] =
    notJSON.map { name, text in HostileRecord(name, text, .refused(.notJSON)) } + borders

  private static let borders: [HostileRecord] =
    [
      HostileRecord("a byte order mark before an event", "\u{FEFF}" + text(of: "x"), .refused(.notJSON)),
      HostileRecord("two events in one value", text(of: "x") + text(of: "y"), .refused(.notJSON)),
      HostileRecord("two events on two lines", text(of: "x") + "\n" + text(of: "y") + "\n", .refused(.notJSON)),
      HostileRecord("a NUL behind the event", text(of: "x") + "\0", .refused(.notJSON)),
      HostileRecord("an event cut short", String(text(of: "x").dropLast()), .refused(.notJSON)),
      HostileRecord(
        "a string at the top", "\"x\"", .refused(.notCloudEvent)),
      HostileRecord("a number at the top", "7", .refused(.notCloudEvent)),
      HostileRecord("null at the top", "null", .refused(.notCloudEvent)),
      HostileRecord("true at the top", " true ", .refused(.notCloudEvent)),
      HostileRecord("an empty object", "{}", .refused(.notCloudEvent)),
      spaced("blanks of all four kinds around every token"),
      // Half a pair is refused wherever it stands: the decoder's word on an escape that names no character.
      event("half a pair, the high one", ["x": #""\ud800""#], .refused(.notJSON)),
      event("half a pair, the low one", ["x": #""\udc00""#], .refused(.notJSON)),
      event("half a pair before a letter", ["data": #"{"d":"\ud83dx"}"#], .refused(.notJSON)),
      event("a pair the wrong way round", ["data": #"{"d":"\ude00\ud83d"}"#], .refused(.notJSON)),
      event("half a pair in a name", ["data": #"{"\ud800":1}"#], .refused(.notJSON)),
      event(
        "a pair in escapes", ["data": #"{"d":"\ud83d\uDE00"}"#], rows: [.calls("a pair in escapes", d: "\u{1F600}")]),
      event("an escaped NUL that nobody reads", ["x": #""\u0000""#, "data": #"{"x\u0000":"\u0000"}"#]),
      event("a raw DEL that nobody reads", ["x": "\"\u{7F}\""]),
      nested("512 levels", 510, .counted),
      nested("513 levels", 511, .refused(.notJSON)),
      nested("20000 levels", 20_000, .refused(.notJSON)),
      HostileRecord("20000 brackets", String(repeating: "[", count: 20_000), .refused(.notJSON)),
      event("a string of 60000 bytes", ["x": "\"" + String(repeating: "é", count: 30_000) + "\""]),
      event("a name of 60000 bytes", [String(repeating: "n", count: 60_000): "1"]),
      event("a number of 60000 digits that nobody reads", ["x": String(repeating: "9", count: 60_000)]),
      event(
        "5000 members", ["data": "{" + (0..<5_000).map { "\"m\($0)\":0" }.joined(separator: ",") + ",\"d\":\"last\"}"],
        rows: [.calls("5000 members", d: "last")]),
    ]

  private static let notJSON: [(String, String)] = [
    ("blanks alone", " \t\r\n"), ("a word", "hello"), ("a mark alone", "\u{FEFF}"), ("NULs", "\0\0\0"),
    ("a comma after the last member", #"{"a":1,}"#), ("a comma after the last element", "[1,]"),
    ("a lone comma", "[,]"),
    ("no comma", #"{"a":1 "b":2}"#), ("no colon", #"{"a" 1}"#), ("no value", #"{"a":}"#),
    ("a name without quotes", "{a:1}"),
    ("single quotes", "{'a':1}"), ("a comment", "{}//"), ("a block comment", "/**/{}"), ("a bracket too many", "{}}"),
    ("brackets crossed", #"{"a":[}]"#), ("an upper-case literal", "True"), ("a literal run on", "truex"),
    ("undefined", "undefined"), ("a number at the end of its wits", "1e"), ("a minus alone", "-"),
    ("a raw line feed in a string", "\"a\nb\""), ("a raw tab in a string", "\"a\tb\""),
    ("a raw NUL in a string", "\"\0\""),
    ("an escape that is none", #""\x41""#), ("an escape of a digit", #""\0""#), ("an escape cut short", #""\u00""#),
    ("an escape of no hex", #""\u00g0""#), ("a backslash before the end", "\"\\\""), ("a form feed around", "\u{C}{}"),
    ("a no-break space around", "\u{A0}{}"), ("a line separator around", "{}\u{2028}"),
    // COPY and its text form are where such bytes would do harm.
    ("the end of a COPY", "\\.\n"), ("a COPY's NULL", "\\N"), ("a table in a value", "a\tb\r\n\\.\r\n\\N\t{\"x\"\r\n"),
    ("a statement", "'); drop table meterd.quarantined; --"),
  ]

  private static func spaced(_ name: String) -> HostileRecord {
    let blanks = "\r\n\t "
    let text = text(of: name).replacing(":", with: "\(blanks):\(blanks)").replacing(",", with: "\(blanks),\(blanks)")
    return HostileRecord(name, blanks + text + blanks, .counted, rows: [.calls(name)])
  }

  /// `arrays` inside of `data`, which is the second level.
  private static func nested(_ name: String, _ arrays: Int, _ verdict: Verdict) -> HostileRecord {
    let value = String(repeating: "[", count: arrays) + String(repeating: "]", count: arrays)
    return event(name, ["data": "{\"x\":\(value)}"], verdict)
  }

  static let sizes: [HostileRecord] = [
    event("as large as may be", ["x": filling("as large as may be", 0)]),
    event("one byte too large", ["x": filling("one byte too large", 1)], .refused(.tooLarge)),
    event("far too large", ["x": filling("far too large", 900_000)], .refused(.tooLarge)),
  ]

  /// A string that makes the event `over` bytes larger than it may be.
  private static func filling(_ name: String, _ over: Int) -> String {
    let rest = text(of: name, ["x": "\"\""]).utf8.count
    return "\"" + String(repeating: "f", count: sizeMax - rest + over) + "\""
  }
}
