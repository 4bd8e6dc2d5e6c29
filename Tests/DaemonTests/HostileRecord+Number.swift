/// Values as somebody may write them, each the only one of its tenant.
extension HostileRecord {
  private enum Outcome {
    case quantity(String)
    case refused(Reason)
  }

  /// `json` is what stands for the value, quotes and all. The meters `total`, `whole` and `fine` have scale 9, 0 and 12.
  private static func value(
    _ json: String, of type: String = "sum", _ outcome: Outcome, more: String = ""
  ) -> HostileRecord {
    let meter = type == "sum" ? "total" : type
    let shown = json.count > 60 ? "\(json.prefix(20))… of \(json.count)" : json
    let name = "\(meter) \(shown.unicodeScalars.map { $0 < " " ? "?" : "\($0)" }.joined())\(more)"
    let changes: KeyValuePairs<String, String?> = ["type": "\"\(type)\"", "data": "{\"n\":\(json)}"]
    switch outcome {
    case .quantity(let quantity):
      return event(name, changes, rows: [Row(tenant: name, meter: meter, quantity: quantity)])
    case .refused(let reason): return event(name, changes, .refused(reason))
    }
  }

  private static let nines29 = String(repeating: "9", count: 29)
  private static let nines38 = String(repeating: "9", count: 38)
  private static let zeros = String(repeating: "0", count: 300)

  /// The number as it stands, and the same as a text.
  private static let sound: [(String, String)] = [
    ("0", "0"), ("-0", "0"), ("-0.0", "0"), ("-0e5", "0"), ("0.000000000000", "0"), ("1", "1"), ("1.0", "1"),
    ("1.50", "1.5"), ("100", "100"), ("1e2", "100"), ("1E+2", "100"), ("1e+0000000000000000000000000001", "10"),
    ("1e-9", "0.000000001"), ("0.000000001", "0.000000001"), ("0.0000000010", "0.000000001"), ("10e-10", "0.000000001"),
    ("0.1e-8", "0.000000001"), ("123456789.123456789", "123456789.123456789"), (nines29, nines29),
    ("\(nines29).999999999", "\(nines29).999999999"), ("1e28", "1" + String(repeating: "0", count: 28)),
    ("1\(zeros)e-300", "1"), ("0.\(zeros)1e301", "1"), ("9007199254740993", "9007199254740993"),
    ("18446744073709551616", "18446744073709551616"),
  ]

  private static let unsound: [(String, Reason)] = [
    ("0.0000000001", .badValue), ("1e-10", .badValue), ("1e-400", .badValue), ("1e-99999999999999999999", .badValue),
    ("0.1234567891", .badValue), ("0.1000000000000000055511151231257827", .badValue), ("-1", .badValue),
    ("-0.000000001", .badValue),
    ("-1e-400", .badValue), ("1e29", .overflow), ("1\(String(nines29.map { _ in "0" }))", .overflow),
    ("1e400", .overflow),
    ("1e99999999999999999999", .overflow), (nines38, .overflow), ("1\(zeros)", .overflow),
    // The decoder's word: the sign is looked at before the size.
    ("-1e400", .badValue), ("-\(nines38)", .badValue),
  ]

  /// No numbers of JSON: bare, they break the record; as a text, the value.
  private static let ungrammatical = [
    "01", "00", "-01", "+1", ".5", "-.5", "1.", "1.e1", "1e", "1e+", "1e1.5", "NaN", "nan", "Infinity", "-Infinity",
    "inf", "0x10",
    "0b1", "0o7", "1_000", "1,5", "1 000", "--1", "1-", "1f", "1d", "1n", "\u{661}", "\u{FF11}", "\u{BD}", "\u{2212}1",
    "1\u{A0}",
  ]

  private static let texts = [
    "", " ", " 1", "1 ", #"1\n"#, #"\t1"#, #"1\u0000"#, "null", "true", "{}", "1 2", "\u{FEFF}1", "€1", "1%",
  ]

  static let numbers: [HostileRecord] =
    sound.flatMap { text, quantity in [value(text, .quantity(quantity)), value("\"\(text)\"", .quantity(quantity))] }
    + unsound.flatMap { text, reason in [value(text, .refused(reason)), value("\"\(text)\"", .refused(reason))] }
    + ungrammatical.flatMap { [value($0, .refused(.notJSON)), value("\"\($0)\"", .refused(.badValue))] }
    + texts.map { value("\"\($0)\"", .refused(.badValue)) }
    + ["null", "true", "false", "[]", "[1]", "{}"].map { value($0, .refused(.badValue)) } + others

  private static let others: [HostileRecord] =
    [
      event("total of nothing", ["type": "\"sum\""], .refused(.badValue)),
      event("total of another member", ["type": "\"sum\"", "data": #"{"N":1}"#], .refused(.badValue)),
      value(#""\u0031\u002e5""#, .quantity("1.5")),
      value(nines38, of: "whole", .quantity(nines38)), value("1\(nines38)", of: "whole", .refused(.overflow)),
      value("1e37", of: "whole", .quantity("1" + String(repeating: "0", count: 37))),
      value("1e38", of: "whole", .refused(.overflow)), value("1.0", of: "whole", .quantity("1")),
      value("10e-1", of: "whole", .quantity("1")), value("1.5", of: "whole", .refused(.badValue)),
      value("15e-1", of: "whole", .refused(.badValue)), value("0.5", of: "whole", .refused(.badValue)),
      value("1e-12", of: "fine", .quantity("0.000000000001")), value("1e-13", of: "fine", .refused(.badValue)),
      value(
        "99999999999999999999999999.999999999999", of: "fine", .quantity("99999999999999999999999999.999999999999")),
      value("1e26", of: "fine", .refused(.overflow)),
      value("-1", of: "peak", .refused(.badValue)), value("0", of: "peak", .quantity("0")),
    ] + sums + whole + users

  private static func ofFull(_ id: String, _ number: String) -> String {
    text(of: "a window that is full", ["type": "\"sum\"", "id": quoted(id), "data": "{\"n\":\(number)}"])
  }

  private static let sums: [HostileRecord] = [
    event(
      "a tenth and two tenths", ["type": "\"sum\"", "data": #"{"n":0.1}"#],
      rows: [.total("a tenth and two tenths", "0.3", events: 2)]),
    event(
      "the two tenths",
      ["type": "\"sum\"", "id": "\"2\"", "subject": quoted("a tenth and two tenths"), "data": #"{"n":"0.2"}"#], rows: []
    ),
    // In one batch, and so in one flush: what a later flush does is another test's.
    HostileRecord(
      "a full window and one too many",
      bytes: Array(
        "[\(ofFull("1", "\(nines29).999999999")),\(ofFull("2", "0.000000001")),\(ofFull("3", "0")),\(ofFull("4", "1e-9"))]"
          .utf8),
      [
        .counted, .quarantined(.overflow, payload: Array(ofFull("2", "0.000000001").utf8)), .counted,
        .quarantined(.overflow, payload: Array(ofFull("4", "1e-9").utf8)),
      ], rows: [.total("a window that is full", "\(nines29).999999999", events: 2)]),
  ]

  /// An event that one of its meters cannot take is quarantined whole.
  private static let whole: [HostileRecord] = [
    event(
      "both meters", ["type": "\"both\"", "data": #"{"n":0.01,"d":"x"}"#],
      rows: [
        Row(tenant: "both meters", meter: "both_calls", quantity: "1"),
        Row(tenant: "both meters", meter: "both_total", quantity: "0.01", dimensions: ["d": "x"]),
      ]),
    event("one of two meters, its value", ["type": "\"both\"", "data": #"{"n":0.001}"#], .refused(.badValue)),
    event(
      "one of two meters, its dimension", ["type": "\"both\"", "data": #"{"n":1,"d":[]}"#], .refused(.badDimension)),
    event("one of two meters, nothing", ["type": "\"both\""], .refused(.badValue)),
  ]

  private static let visitors: [String] = [
    "1", "\"1\"", "1.0", "\"1.0\"", "true", "\"true\"", "\"\"", "\" \"", "\"caf\u{E9}\"", "\"cafe\u{301}\"",
    #""caf\u00e9""#, #""\u0000""#, "\"\(long(1_000))\"", "-0", "0",
  ]

  /// Distinct by their text, whatever they are: 1, 1.0, true, nothing, a blank, two accents, a NUL, the long one and two zeros.
  private static let users: [HostileRecord] =
    visitors.enumerated().map { place, user in
      event(
        "visitor \(place)",
        ["type": "\"visit\"", "id": "\"\(place)\"", "subject": "\"visited\"", "data": "{\"u\":\(user)}"],
        rows: place == 0 ? [Row(tenant: "visited", meter: "users", quantity: "11", events: 15)] : [])
    } + noUsers

  private static let noUsers: [HostileRecord] = [
    event("a visitor of null", ["type": "\"visit\"", "data": #"{"u":null}"#], .refused(.badValue)),
    event("a visitor of nothing", ["type": "\"visit\""], .refused(.badValue)),
    event("a visitor of an object", ["type": "\"visit\"", "data": #"{"u":{}}"#], .refused(.badValue)),
  ]
}
