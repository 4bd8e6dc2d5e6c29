import Foundation

/// Events that come again, in the same or in other words. A first one and its repetition are on one partition.
extension HostileRecord {
  private static func pair(
    _ name: String, _ first: KeyValuePairs<String, String?>, _ second: KeyValuePairs<String, String?>,
    _ verdict: Verdict? = nil
  ) -> [HostileRecord] {
    [
      event(name, first),
      event(
        "\(name), again", second, verdict ?? .conflict(with: name, tenant: name)
      ).of(tenant: name),
    ]
  }

  /// The subject is that of another record.
  private func of(tenant: String) -> HostileRecord {
    var record = self
    let own = Array(HostileRecord.quoted(name).utf8)
    if let value, let place = value.firstRange(of: own) {
      record.value = value[..<place.lowerBound] + Array(HostileRecord.quoted(tenant).utf8) + value[place.upperBound...]
    }
    record.rows = []
    return record
  }

  private static let instant = String(
    ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(base))).dropLast())
  private static let behind = String(
    ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(base - 3_600))).dropLast())
  private static let before = String(
    ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(base - 60))).dropLast(4))

  static let duplicates: [HostileRecord] =
    pair("the very same", ["data": #"{"d":"","x":[1,{"y":2}]}"#], ["data": #"{"d":"","x":[1,{"y":2}]}"#], .duplicate)
    + pair(
      "members in another order", ["data": #"{"x":{"a":1,"b":[2]},"d":""}"#],
      ["data": #"{"d":"","x":{"b":[2],"a":1}}"#], .duplicate)
    + pair(
      "blanks between", ["data": #"{"x":[1,2],"d":""}"#], ["data": "{ \"x\" :\t[ 1 ,\r\n2 ] , \"d\" : \"\" }"],
      .duplicate)
    + pair("escapes in a text", ["data": #"{"x":"é/\"A"}"#], ["data": #"{"x":"\u00E9\/\u0022\u0041"}"#], .duplicate)
    + pair("escapes in a pair", ["data": "{\"x\":\"\u{1F600}\"}"], ["data": #"{"x":"\uD83D\uDE00"}"#], .duplicate)
    + pair("escapes in a name", ["data": #"{"xy":1}"#], ["data": #"{"\u0078y":1}"#], .duplicate)
    + pair("escapes in the id", ["id": "\"a/1\""], ["id": #""\u0061\/1""#], .duplicate)
    + pair("another attribute that nobody knows", ["x": "1"], ["x": "2", "y": "[]"], .duplicate)
    + pair("no data and an empty object", [:], ["data": "{}"], .duplicate)
    + pair("null data and no data", ["data": "null"], ["data": nil], .duplicate)
    + pair("the same instant elsewhere", ["time": "\"\(instant)Z\""], ["time": "\"\(behind)-01:00\""], .duplicate)
    + pair(
      "the same instant with zeros", ["time": "\"\(instant)Z\""], ["time": "\"\(instant.lowercased()).000z\""],
      .duplicate)
    + [
      event(
        "a leap second and the nanosecond that it is", ["time": "\"\(before):60Z\""],
        rows: [
          .calls("a leap second and the nanosecond that it is", start: base - 3_600)
        ]),
      event(
        "that nanosecond",
        ["subject": quoted("a leap second and the nanosecond that it is"), "time": "\"\(before):59.999999999Z\""],
        .duplicate),
    ]
    + pair("a null time and none", ["time": "null"], [:], .duplicate)
    + pair("unread members twice", ["data": #"{"x":1,"x":2}"#], ["data": #"{"x":1,"x":2}"#], .duplicate)
    + [
      event("structured and then in headers", ["data": #"{"x":1}"#]),
      HostileRecord(
        "in headers now", bytes: Array(#" {"x":1} "#.utf8),
        headers: [
          Header("ce_subject", "structured and then in headers"), Header("ce_specversion", "1.0"), Header("ce_id", "1"),
          Header("ce_source", "s"), Header("ce_type", "call"),
        ], [.duplicate]),
      event("plain and then compressed"),
      HostileRecord(
        "compressed now", bytes: ZstdBytes(text(of: "plain and then compressed")).bytes,
        headers: [Header("content-encoding", "zstd")], [.duplicate]),
      event("alone and then in a batch"),
      HostileRecord("in a batch now", bytes: Array("[\(text(of: "alone and then in a batch"))]".utf8), [.duplicate]),
      event("at another Kafka timestamp"),
      HostileRecord(
        "ten seconds later", bytes: Array(text(of: "at another Kafka timestamp").utf8), at: 10_000, [.duplicate]),
    ]

  static let conflicts: [HostileRecord] =
    pair("another number's text", ["data": #"{"x":1}"#], ["data": #"{"x":1.0}"#])
    + pair("another exponent", ["data": #"{"x":100}"#], ["data": #"{"x":1e2}"#])
    + pair("another case of the exponent", ["data": #"{"x":1e2}"#], ["data": #"{"x":1E2}"#])
    + pair("a zero with a sign", ["data": #"{"x":0}"#], ["data": #"{"x":-0}"#])
    + pair("a number and a text", ["data": #"{"x":1}"#], ["data": #"{"x":"1"}"#])
    + pair("a literal and a text", ["data": #"{"x":true}"#], ["data": #"{"x":"true"}"#])
    + pair("a null and nothing", ["data": #"{"x":null}"#], ["data": "{}"])
    + pair("an object and a list", ["data": #"{"x":{}}"#], ["data": #"{"x":[]}"#])
    + pair("a list in another order", ["data": #"{"x":[1,2]}"#], ["data": #"{"x":[2,1]}"#])
    + pair("lists within lists", ["data": #"{"x":[[1],2]}"#], ["data": #"{"x":[[1,2]]}"#])
    + pair("names and values swapped", ["data": #"{"a":"b"}"#], ["data": #"{"b":"a"}"#])
    + pair("values of two names swapped", ["data": #"{"a":1,"b":2}"#], ["data": #"{"a":2,"b":1}"#])
    + pair("composed and apart", ["data": "{\"x\":\"caf\u{E9}\"}"], ["data": "{\"x\":\"cafe\u{301}\"}"])
    + pair("a blank in a text", ["data": #"{"x":"a"}"#], ["data": #"{"x":"a "}"#])
    + pair("no time and the record's own", [:], ["time": "\"\(instant)Z\""])
    + pair("a nanosecond later", ["time": "\"\(instant)Z\""], ["time": "\"\(instant).000000001Z\""])
    + pair("another type", [:], ["type": "\"sum\"", "data": #"{"n":1}"#])
    // Identity comes before the value, and time before identity.
    + pair("a bad value now", [:], ["type": "\"sum\"", "data": #"{"n":"x"}"#])
    + pair("a bad dimension now", [:], ["data": #"{"d":[]}"#])
    + pair("too old now", [:], ["time": "\"2020-01-01T00:00:00Z\""], .refused(.tooOld))
    // The meter comes before identity.
    + pair("unmetered now", [:], ["type": "\"none.such\""], .unmetered)
    + pair("an adjust of the same", [:], ["correction": "\"adjust\""])

  static let separate: [HostileRecord] = [
    event("one id of two sources", ["source": "\"a\""], rows: [.calls("one id of two sources", 2)]),
    event("the other source", ["subject": quoted("one id of two sources"), "source": "\"b\""], rows: []),
    event("one id composed", ["id": "\"caf\u{E9}\""], rows: [.calls("one id composed", 2)]),
    event("the id apart", ["subject": quoted("one id composed"), "id": "\"cafe\u{301}\""], rows: []),
    event("one id and blanks", ["id": "\"a\""], rows: [.calls("one id and blanks", 3)]),
    event("a blank before the id", ["subject": quoted("one id and blanks"), "id": "\" a\""], rows: []),
    event("a blank behind the id", ["subject": quoted("one id and blanks"), "id": "\"a \""], rows: []),
    // Where one ends and the next begins is part of them.
    event(
      "id and source at one border", ["id": "\"ab\"", "source": "\"c\""],
      rows: [.calls("id and source at one border", 2)]),
    event(
      "id and source at another",
      ["subject": quoted("id and source at one border"), "id": "\"b\"", "source": "\"ca\""], rows: []),
    // What was quarantined or unmetered is not remembered.
    event("bad and then good", ["data": #"{"d":{}}"#], .refused(.badDimension)),
    event("the good one", ["subject": quoted("bad and then good")], rows: [.calls("bad and then good")]),
    event("too old and then good", ["time": "\"2020-01-01T00:00:00Z\""], .refused(.tooOld)),
    event("the punctual one", ["subject": quoted("too old and then good")], rows: [.calls("too old and then good")]),
    event("unmetered and then metered", ["type": "\"none.such\""], .unmetered),
    event(
      "the metered one", ["subject": quoted("unmetered and then metered")], rows: [.calls("unmetered and then metered")]
    ),
  ]
}
