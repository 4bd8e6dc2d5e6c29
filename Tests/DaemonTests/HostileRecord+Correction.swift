/// Voids and adjusts. The list is in order, on one partition.
extension HostileRecord {
  private static let five = #"{"n":5}"#

  /// Of the sum meter.
  private static func sum(
    _ name: String, of tenant: String? = nil, id: String = "1", data: String? = five, source: String = "s",
    with more: KeyValuePairs<String, String?> = [:], _ verdict: Verdict, rows: [Row] = []
  ) -> HostileRecord {
    var text = text(
      of: tenant ?? name, ["type": "\"sum\"", "id": quoted(id), "source": quoted(source), "data": data])
    text.removeLast()
    for (name, value) in more { if let value { text += ",\"\(name)\":\(value)" } }
    return HostileRecord(name, text + "}", verdict, rows: rows)
  }

  private static func void(
    _ name: String, of tenant: String, id: String = "v", corrects: String = "1", data: String? = five,
    source: String = "s",
    _ verdict: Verdict
  ) -> HostileRecord {
    sum(
      name, of: tenant, id: id, data: data, source: source,
      with: ["correction": "\"void\"", "corrects": quoted(corrects)],
      verdict)
  }

  /// An event of five that stays, and what tries to take it back.
  private static func kept(_ name: String, _ attempt: (String) -> HostileRecord) -> [HostileRecord] {
    [sum(name, .counted, rows: [.total(name, "5")]), attempt(name)]
  }

  static let corrections: [HostileRecord] =
    [
      sum("voided", .counted, rows: [.total("voided", "0", events: 0)]),
      void("the void", of: "voided", .voided),
      void("the void again", of: "voided", .duplicate),
      void("a second void", of: "voided", id: "w", .refused(.voidTwice)),
      sum("the voided one again", of: "voided", .duplicate),
      void("a void that goes by the id of a void", of: "voided", id: "x", corrects: "v", .refused(.voidUnknown)),
      sum(
        "voided in other words", data: #"{"n":5,"x":"é"}"#, .counted,
        rows: [.total("voided in other words", "0", events: 0)]),
      void(
        "the void in other words", of: "voided in other words", data: "{ \"x\": \"\\u00e9\",\t\"\\u006e\": 5 }", .voided
      ),
      sum("voided beside others", .counted, rows: [.total("voided beside others", "2.5")]),
      sum("the other", of: "voided beside others", id: "2", data: #"{"n":"2.50"}"#, .counted),
      void("the void beside others", of: "voided beside others", .voided),
      void("a void of nothing there", of: "nobody at all", .refused(.voidUnknown)),
    ]
    + kept("another number's text in its void") {
      void("the void with 5.0", of: $0, data: #"{"n":5.0}"#, .refused(.voidUnknown))
    }
    + kept("another amount in its void") { void("the void with 4", of: $0, data: #"{"n":4}"#, .refused(.voidUnknown)) }
    + kept("no amount in its void") { void("the void with nothing", of: $0, data: nil, .refused(.voidUnknown)) }
    + kept("an amount that is none in its void") {
      void("the void with a word", of: $0, data: #"{"n":"x"}"#, .refused(.voidUnknown))
    }
    + kept("more data in its void") {
      void("the void with more", of: $0, data: #"{"n":5,"x":1}"#, .refused(.voidUnknown))
    }
    + kept("another source in its void") {
      void("the void from elsewhere", of: $0, source: "t", .refused(.voidUnknown))
    }
    + kept("another id in its void") { void("the void of 2", of: $0, corrects: "2", .refused(.voidUnknown)) }
    + kept("another tenant in its void") { _ in
      void("the void by another", of: "another tenant", .refused(.voidUnknown))
    }
    + kept("its own id in its void") { name in
      void("the void by the same id", of: name, id: "1", .conflict(with: name, tenant: name))
    }
    + kept("another time in its void") { name in
      sum(
        "the void with a time", of: name, id: "v",
        with: ["time": "\"2026-01-01T00:00:00Z\"", "correction": "\"void\"", "corrects": "\"1\""],
        .refused(.tooOld))
    }
    + kept("another type in its void") { name in
      event(
        "the void of a call",
        ["subject": quoted(name), "id": "\"v\"", "data": five, "correction": "\"void\"", "corrects": "\"1\""],
        .refused(.voidUnknown))
    }
    + kept("an unmetered type in its void") { name in
      event(
        "the void of none",
        [
          "subject": quoted(name), "id": "\"v\"", "type": "\"none.such\"", "correction": "\"void\"",
          "corrects": "\"1\"",
        ],
        .unmetered)
    }
    + [
      // A void that comes before its original finds nothing, and the original is counted.
      void("too early a void", of: "voided too early", .refused(.voidUnknown)),
      sum("the original", of: "voided too early", .counted, rows: [.total("voided too early", "5")]),
      // What was refused is not remembered, so the same void may come again and be right.
      sum("voided at the second try", .counted, rows: [.total("voided at the second try", "0", events: 0)]),
      void("the first try", of: "voided at the second try", data: #"{"n":4}"#, .refused(.voidUnknown)),
      void("the second try", of: "voided at the second try", .voided),
    ]
    + adjusts + unsupported

  private static let adjust: KeyValuePairs<String, String?> = ["correction": "\"adjust\""]

  private static let adjusts: [HostileRecord] = [
    sum(
      "adjusted below nothing", data: #"{"n":-3.5}"#, with: adjust, .counted,
      rows: [.total("adjusted below nothing", "-3.5")]
    ),
    sum(
      "adjusted by a text", data: #"{"n":"-0.000000001"}"#, with: adjust, .counted,
      rows: [.total("adjusted by a text", "-0.000000001")]),
    sum("adjusted by nothing", data: #"{"n":-0}"#, with: adjust, .counted, rows: [.total("adjusted by nothing", "0")]),
    sum("adjusted upwards", data: five, with: adjust, .counted, rows: [.total("adjusted upwards", "5")]),
    sum("adjusted too finely", data: #"{"n":-1e-10}"#, with: adjust, .refused(.badValue)),
    sum("adjusted beyond all bounds", data: #"{"n":-1e29}"#, with: adjust, .refused(.overflow)),
    sum("adjusted by no number", data: #"{"n":"minus one"}"#, with: adjust, .refused(.badValue)),
    sum("adjusted by no value", data: "{}", with: adjust, .refused(.badValue)),
    sum(
      "an adjust that is voided", data: #"{"n":-2}"#, with: adjust, .counted,
      rows: [.total("an adjust that is voided", "0", events: 0)]),
    void("the void of an adjust", of: "an adjust that is voided", data: #"{"n":-2}"#, .voided),
    void(
      "the void of an adjust again", of: "an adjust that is voided", id: "w", data: #"{"n":-2}"#, .refused(.voidTwice)),
    sum(
      "an adjust and a plain one", data: five, with: adjust, .counted, rows: [.total("an adjust and a plain one", "5")]),
    sum(
      "the plain one", of: "an adjust and a plain one",
      .conflict(with: "an adjust and a plain one", tenant: "an adjust and a plain one")),
    event(
      "a number with a fraction in an adjust of whole ones",
      ["type": "\"whole\"", "data": #"{"n":-1.5}"#, "correction": "\"adjust\""], .refused(.badValue)),
    event(
      "the least there is",
      ["type": "\"whole\"", "data": "{\"n\":-\(String(repeating: "9", count: 38))}", "correction": "\"adjust\""],
      rows: [Row(tenant: "the least there is", meter: "whole", quantity: "-" + String(repeating: "9", count: 38))]),
  ]

  private static let unsupported: [HostileRecord] = [
    event(
      "a peak", ["type": "\"peak\"", "data": #"{"n":7}"#], rows: [Row(tenant: "a peak", meter: "peak", quantity: "7")]),
    event(
      "a void of a peak",
      [
        "subject": "\"a peak\"", "type": "\"peak\"", "id": "\"v\"", "data": #"{"n":7}"#, "correction": "\"void\"",
        "corrects": "\"1\"",
      ],
      .refused(.voidUnsupported)),
    event(
      "an adjust of a peak", ["type": "\"peak\"", "data": #"{"n":-7}"#, "correction": "\"adjust\""],
      .refused(.voidUnsupported)),
    event(
      "an adjust of a visit", ["type": "\"visit\"", "data": #"{"u":1}"#, "correction": "\"adjust\""],
      .refused(.voidUnsupported)),
  ]
}
