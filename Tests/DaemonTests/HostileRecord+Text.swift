/// Texts that some step on the way to the view could take for something else: as tenants, as dimension values and as identities.
extension HostileRecord {
  /// What COPY, an array's or a row's text form, SQL, a shell, a format string, JSON or a terminal would read otherwise.
  private static let tricky: [(String, String)] = [
    ("a COPY's NULL", #"\N"#), ("the end of a COPY", #"\."#), ("a backslash", #"\"#), ("two backslashes", #"\\"#),
    ("a word for a tab", #"\t"#), ("a quote", "\""), ("two quotes", "\"\""), ("an apostrophe", "'"), ("NULL", "NULL"),
    ("null", "null"), ("a brace", "{"), ("a closing brace", "}"), ("an empty array", "{}"), ("an array", "{a,b}"),
    ("an array of a quoted one", #"{"a"}"#), ("a comma", ","), ("a bound array", "[1:1]={1}"), ("a row", "(a,b)"),
    ("a parenthesis", "("), ("a blank", " "), ("a blank before", " a"), ("a blank behind", "a "),
    ("two blanks within", "a  b"),
    ("a statement", "'; drop schema meterd cascade; --"), ("a parameter", "$1"), ("dollar quotes", "$$"),
    ("a format", "%s%n"),
    ("a home", "~"), ("a name of ours", "~other"), ("an escape of JSON", #"\u0041"#), ("true", "true"), ("a zero", "0"),
    ("a right-to-left override", "a\u{202E}b"), ("an isolate", "\u{2066}"), ("a joiner", "a\u{200D}b"),
    ("a mark of byte order", "\u{FEFF}a"), ("a line separator", "a\u{2028}b"), ("a no-break space", "\u{A0}"),
    ("a soft hyphen", "\u{AD}"), ("a private character", "\u{E000}"), ("no character", "\u{FFFF}"),
    ("the last character", "\u{10FFFF}"), ("a replacement", "\u{FFFD}"), ("an emoji", "\u{1F600}"),
    ("a family", "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}"), ("a flag", "\u{1F1E9}\u{1F1EA}"),
    ("an accent composed", "caf\u{E9}"), ("an accent apart", "cafe\u{301}"), ("an accent alone", "\u{301}"),
    ("a sharp s", "stra\u{DF}e"), ("a dotless i", "\u{131}I\u{130}i"), ("an angstrom", "\u{212B}"),
    ("a ring", "\u{C5}"),
    ("a ligature", "\u{FB01}"), ("full width", "\u{FF11}"),
  ]

  static let tenants: [HostileRecord] = tricky.map { name, text in
    event("the tenant \(name)", ["subject": quoted(text)], rows: [.calls(text)])
  }

  static let dimensions: [HostileRecord] =
    tricky.map { name, text in
      let name = "the dimension \(name)"
      return event(name, ["data": "{\"d\":\(quoted(text))}"], rows: [.calls(name, d: text)])
    }
    + scalars.map { kind, json, text in
      event("a dimension \(kind)", ["data": "{\"d\":\(json)}"], rows: [.calls("a dimension \(kind)", d: text)])
    }
    + refused.map { kind, json in
      event("a dimension \(kind)", ["data": "{\"d\":\(json)}"], .refused(.badDimension))
    } + missing

  private static let scalars: [(String, String, String)] = [
    ("a number", "1.50", "1.50"), ("a number with an exponent", "1E+02", "1E+02"), ("minus zero", "-0", "-0"),
    ("a number of 256 digits", long256, long256), ("true", "true", "true"), ("false", "false", "false"),
    ("null", "null", ""),
    ("of no bytes", "\"\"", ""), ("of escapes", #""\u00e9\/\"\\""#, "\u{E9}/\"\\"),
    ("of 256 bytes", "\"\(long(254))é\"", long(254) + "é"),
    (
      "of 256 bytes in escapes", "\"" + String(repeating: #"\u20AC"#, count: 85) + "1\"",
      String(repeating: "€", count: 85) + "1"
    ),
  ]

  private static let refused: [(String, String)] = [
    ("of 257 bytes", "\"\(long(255))é\""), ("of 257 digits", "1\(long256)"), ("an object", "{}"), ("a list", "[]"),
    ("a list of one", "[\"x\"]"), ("with a NUL", #""\u0000""#), ("with a tab", #""a\tb""#),
    ("with a line break", #""a\r\nb""#),
    ("with a raw DEL", "\"\u{7F}\""), ("with a C1 control", "\"\u{85}\""),
    ("with a C1 control in escapes", #""\u009f""#),
    ("of 258 bytes in escapes", "\"" + String(repeating: #"\u20AC"#, count: 86) + "\""),
  ]

  private static let missing: [HostileRecord] =
    [event("no dimension at all"), event("data without the dimension", ["data": #"{"D":"x","d ":"x"}"#])]
    + [
      event(
        "the same dimension in two spellings", ["data": #"{"d":"é"}"#],
        rows: [.calls("the same dimension in two spellings", d: "\u{E9}", 2)]),
      event(
        "the other spelling",
        ["subject": quoted("the same dimension in two spellings"), "id": "\"2\"", "data": #"{"d":"\u00E9"}"#],
        rows: []),
    ]

  private static let long256 = String(repeating: "7", count: 256)

  /// Each identity is counted once, and named once more in `meterd.conflicts`.
  static let identities: [HostileRecord] = tricky.flatMap { name, text in
    let first = "the identity \(name)"
    let members: KeyValuePairs<String, String?> = [
      "subject": quoted(first), "id": quoted(text), "source": quoted(text + "/" + text),
    ]
    let other: KeyValuePairs<String, String?> = [
      "subject": quoted(first), "id": quoted(text), "source": quoted(text + "/" + text), "data": #"{"d":"other"}"#,
    ]
    return [
      event(first, members),
      event(
        "the conflict of \(name)", other, .conflict(with: first, tenant: first, source: text + "/" + text, id: text)),
    ]
  }
}
