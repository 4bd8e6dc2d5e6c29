/// Attributes that are missing, broken, doubled, or only just allowed.
extension HostileRecord {
  private static let required = ["specversion", "id", "source", "type", "subject"]

  static let attributes: [HostileRecord] =
    required.flatMap { name in
      [
        event("without \(name)", [name: nil], .refused(.notCloudEvent)),
        event("with \(name) null", [name: "null"], .refused(.notCloudEvent)),
        event("with \(name) in upper case alone", [name: nil, name.uppercased(): "\"1.0\""], .refused(.notCloudEvent)),
        event("with \(name) a number", [name: "1.0"], .refused(.badAttribute)),
        event("with \(name) an object", [name: "{}"], .refused(.badAttribute)),
        event("with \(name) empty", [name: "\"\""], .refused(.badAttribute)),
      ]
    } + others

  private static let others: [HostileRecord] =
    [
      event("version 1.1", ["specversion": "\"1.1\""], .refused(.badAttribute)),
      event("version 1", ["specversion": "\"1\""], .refused(.badAttribute)),
      event("version 1.0 and a blank", ["specversion": "\"1.0 \""], .refused(.badAttribute)),
      event("version 1.0 in escapes", ["specversion": #""\u0031\u002e0""#]),
      event(
        "members in escapes", ["id": nil, #"\u0069\u0064"#: "\"1\"", "data": nil, #"d\u0061ta"#: #"{"\u0064":"x"}"#],
        rows: [.calls("members in escapes", d: "x")]),
      event("a type that nobody meters", ["type": "\"none.such\""], .unmetered),
      event("a type in upper case", ["type": "\"CALL\""], .unmetered),
      event("a type with a blank behind", ["type": "\"call \""], .unmetered),
      event("an unmetered type and bad data", ["type": "\"none.such\"", "data": "7"], .refused(.badAttribute)),
      // The meter is looked at before the time.
      event(
        "an unmetered type from the year 1", ["type": "\"none.such\"", "time": "\"0001-01-01T00:00:00Z\""], .unmetered),
      event("a null time", ["time": "null"]),
      event(
        "a null for everything that may be absent",
        [
          "time": "null", "data": "null", "correction": "null", "corrects": "null", "reservation": "null",
          "data_base64": "null",
        ]),
      event(
        "attributes that nobody knows",
        ["datacontenttype": "\"text/plain\"", "": "1", "traceparent": "[1]", "x": #""\u0000\u0085""#]),
      event("data a list", ["data": "[]"], .refused(.badAttribute)),
      event("data a text", ["data": #""{}""#], .refused(.badAttribute)),
      event("data a number", ["data": "0"], .refused(.badAttribute)),
      event("data false", ["data": "false"], .refused(.badAttribute)),
      event("data in base 64", ["data_base64": "\"e30=\""], .refused(.badAttribute)),
      event("data in both ways", ["data": "{}", "data_base64": "\"e30=\""], .refused(.badAttribute)),
      event("a void of nothing", ["correction": "\"void\""], .refused(.badAttribute)),
      event("a void of an empty id", ["correction": "\"void\"", "corrects": "\"\""], .refused(.badAttribute)),
      event(
        "a void of an id of 257 bytes", ["correction": "\"void\"", "corrects": "\"\(long(255))é\""],
        .refused(.badAttribute)),
      event("a void of a number", ["correction": "\"void\"", "corrects": "1"], .refused(.badAttribute)),
      event("a correction in upper case", ["correction": "\"VOID\"", "corrects": "\"1\""], .refused(.badAttribute)),
      event("an empty correction", ["correction": "\"\""], .refused(.badAttribute)),
      event("a correction true", ["correction": "true"], .refused(.badAttribute)),
      event("a reservation", ["reservation": "\"r\""]),
      event("a reservation of a number", ["reservation": "7"], .refused(.badAttribute)),
    ]

  static let doubled: [HostileRecord] = [
    doubled("the id twice", #","id":"1""#),
    doubled("the id twice, once in escapes", #","\u0069d":"2""#),
    doubled("the id twice, once null", #","id":null"#),
    doubled("the subject twice", #","subject":"y""#),
    doubled("the type twice", #","type":"call""#),
    doubled("the source twice", #","source":"s""#),
    doubled("the specversion twice", #","specversion":"1.0""#),
    doubled("data twice", #","data":{},"data":{}"#),
    doubled("data twice, once null", #","data":null,"data":{}"#),
    doubled("the time twice, both null", #","time":null,"time":null"#),
    doubled("the correction twice", #","correction":"adjust","correction":"adjust""#),
    // What is missing is looked at first, and twice null is missing.
    HostileRecord(
      "the subject twice, both null",
      #"{"specversion":"1.0","id":"1","source":"s","type":"call","subject":null,"subject":null}"#,
      .refused(.notCloudEvent)),
    doubled("an unknown attribute twice", #","x":1,"x":2"#, .counted),
    event(
      "a member that nobody reads twice", ["data": #"{"x":1,"x":2,"d":"o"}"#],
      rows: [.calls("a member that nobody reads twice", d: "o")]),
    event("a dimension twice", ["data": #"{"d":"1","d":"1"}"#], .refused(.badDimension)),
    event("a dimension twice, once in escapes", ["data": #"{"d":"1","\u0064":"2"}"#], .refused(.badDimension)),
    event("a dimension twice, both null", ["data": #"{"d":null,"d":null}"#], .refused(.badDimension)),
    event("a value twice", ["type": "\"sum\"", "data": #"{"n":1,"n":1}"#], .refused(.badValue)),
    event("a value twice, once in escapes", ["type": "\"sum\"", "data": #"{"n":1,"\u006E":1}"#], .refused(.badValue)),
    event(
      "the way to a value twice", ["type": "\"deep\"", "data": #"{"a":{"b":{"n":1}},"a":{}}"#], .refused(.badValue)),
    event(
      "a step to a value twice", ["type": "\"deep\"", "data": #"{"a":{"b":{},"\u0062":{"n":1}}}"#], .refused(.badValue)),
    event(
      "the way to a dimension twice", ["type": "\"deep\"", "data": #"{"a":{"b":{"n":1},"d":"x","d":"x"}}"#],
      .refused(.badDimension)),
    event(
      "a way of dots", ["type": "\"deep\"", "data": #"{"a":{"d":"x","b":{"n":"1.250","d":"y"}},"d":"z","n":7}"#],
      rows: [Row(tenant: "a way of dots", meter: "deep", quantity: "1.25", dimensions: ["a.d": "x"])]),
    event("a name with dots is no way", ["type": "\"deep\"", "data": #"{"a.b.n":1}"#], .refused(.badValue)),
    event("a way that ends in a number", ["type": "\"deep\"", "data": #"{"a":7}"#], .refused(.badValue)),
    event("a way through a list", ["type": "\"deep\"", "data": #"{"a":[{"b":{"n":1}}]}"#], .refused(.badValue)),
  ]

  private static func doubled(
    _ name: String, _ more: String, _ verdict: Verdict = .refused(.badAttribute)
  ) -> HostileRecord {
    var rows: [Row] = []
    if case .counted = verdict { rows = [.calls(name)] }
    return HostileRecord(name, text(of: name).dropLast() + more + "}", verdict, rows: rows)
  }

  static func long(_ bytes: Int) -> String { String(repeating: "l", count: bytes) }

  /// At 256 bytes for id and source, at 128 for type and subject, with a character of two bytes at the edge.
  static let lengths: [HostileRecord] = [
    event("an id of 256 bytes", ["id": "\"\(long(254))é\""]),
    event("an id of 257 bytes", ["id": "\"\(long(255))é\""], .refused(.badAttribute)),
    event("an id of 256 bytes in escapes", ["id": "\"" + String(repeating: #"\u00e9"#, count: 128) + "\""]),
    event(
      "an id of 258 bytes in escapes", ["id": "\"" + String(repeating: #"\u00e9"#, count: 129) + "\""],
      .refused(.badAttribute)),
    event("a source of 256 bytes", ["source": "\"\(long(252))\u{1F600}\""]),
    event("a source of 257 bytes", ["source": "\"\(long(253))\u{1F600}\""], .refused(.badAttribute)),
    event("a type of 128 bytes", ["type": "\"\(long(126))é\""], .unmetered),
    event("a type of 129 bytes", ["type": "\"\(long(127))é\""], .refused(.badAttribute)),
    event("a subject of 128 bytes", ["subject": "\"\(long(126))é\""], rows: [.calls(long(126) + "é")]),
    event("a subject of 129 bytes", ["subject": "\"\(long(127))é\""], .refused(.badAttribute)),
    event("an id of one blank", ["id": "\" \""]),
    event("a reservation longer than an id", ["reservation": "\"\(long(60))\""]),
  ]

  /// NUL, C0, DEL and C1, as they are and in escapes.
  static let controls: [HostileRecord] = ["id", "source", "type", "subject"].flatMap { name in
    forbidden.map { kind, text in event("\(kind) in \(name)", [name: "\"a\(text)b\""], .refused(.badAttribute)) }
  }

  private static let forbidden: [(String, String)] = [
    ("a NUL", #"\u0000"#), ("a tab", #"\t"#), ("a line feed", #"\n"#), ("the last of C0", #"\u001F"#),
    ("a raw DEL", "\u{7F}"), ("an escaped DEL", #"\u007f"#), ("the first of C1, raw", "\u{80}"),
    ("the last of C1, raw", "\u{9F}"), ("a next line in escapes", #"\u0085"#),
  ]
}
