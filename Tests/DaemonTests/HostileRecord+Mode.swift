/// Events in headers, and events in batches.
extension HostileRecord {
  /// The four attributes that every one of these has; the fifth is the subject.
  private static let common = [
    Header("ce_specversion", "1.0"), Header("ce_id", "1"), Header("ce_source", "s"), Header("ce_type", "call"),
  ]

  private static func binary(
    _ name: String, _ data: String? = "{}", without: String? = nil, with more: [Header] = [],
    _ verdict: Verdict = .counted,
    rows: [Row]? = nil
  ) -> HostileRecord {
    var counted: [Row] = []
    if case .counted = verdict { counted = [.calls(name)] }
    let headers = (common + [Header("ce_subject", name)]).filter { $0.name != without } + more
    return HostileRecord(name, bytes: data.map { Array($0.utf8) }, headers: headers, [verdict], rows: rows ?? counted)
  }

  static let headed: [HostileRecord] = [
    binary("an event in headers", #"{"d":"x"}"#, rows: [.calls("an event in headers", d: "x")]),
    binary("an event in headers, compressed", nil, with: [Header("content-encoding", "zstd")]).compressed(
      #"{"d":"x"}"#),
    // A record without a value has no data, and absent data is an empty object.
    binary("a tombstone with an event in its headers", nil),
    binary("null with an event in its headers", " null "),
    binary("no bytes with an event in headers", "", .refused(.notJSON)),
    binary("a list with an event in headers", "[]", .refused(.badAttribute)),
    binary("a text with an event in headers", "\"{}\"", .refused(.badAttribute)),
    binary("broken data with an event in headers", "{", .refused(.notJSON)),
    binary("no specversion in headers", without: "ce_specversion", .refused(.notCloudEvent)),
    binary("no id in headers", without: "ce_id", .refused(.notCloudEvent)),
    binary("no source in headers", without: "ce_source", .refused(.notCloudEvent)),
    binary("no type in headers", without: "ce_type", .refused(.notCloudEvent)),
    binary("no subject in headers", without: "ce_subject", .refused(.notCloudEvent)),
    binary("an upper-case CE_ID", without: "ce_id", with: [Header("CE_ID", "1")], .refused(.notCloudEvent)),
    binary("a CE_ID beside ce_id is another header", with: [Header("CE_ID", "2"), Header("Ce_Id", "3")]),
    binary(
      "an id header without a value", without: "ce_id", with: [Header("ce_id", bytes: nil)], .refused(.notCloudEvent)),
    binary("an id header without a value beside one with", with: [Header("ce_id", bytes: nil)]),
    binary("an id header of no bytes", without: "ce_id", with: [Header("ce_id", "")], .refused(.badAttribute)),
    binary("the id header twice", with: [Header("ce_id", "1")], .refused(.badAttribute)),
    binary(
      "the subject header twice, the same", with: [Header("ce_subject", "the subject header twice, the same")],
      .refused(.badAttribute)),
    binary(
      "the time header twice",
      with: [Header("ce_time", "2026-01-01T00:00:00Z"), Header("ce_time", "2026-01-01T00:00:00Z")],
      .refused(.badAttribute)),
    binary(
      "an id header that is not UTF-8", without: "ce_id", with: [Header("ce_id", bytes: [0x61, 0xFF])],
      .refused(.badEncoding)
    ),
    binary(
      "a subject header in Latin-1", without: "ce_subject", with: [Header("ce_subject", bytes: [0xE9])],
      .refused(.badEncoding)),
    binary(
      "a subject header with a surrogate", without: "ce_subject",
      with: [Header("ce_subject", bytes: [0xED, 0xA0, 0x80])],
      .refused(.badEncoding)),
    binary(
      "a subject header with a line feed", without: "ce_subject", with: [Header("ce_subject", "a\nb")],
      .refused(.badAttribute)),
    binary(
      "a subject header with a NUL", without: "ce_subject", with: [Header("ce_subject", "a\0b")],
      .refused(.badAttribute)),
    binary(
      "an unknown header that is not UTF-8", with: [Header("ce_other", bytes: [0xFF]), Header("x", bytes: [0xFE])]),
    binary("an unknown header twice", with: [Header("ce_other", "1"), Header("ce_other", "2")]),
    binary("a time header that is none", with: [Header("ce_time", "now")], .refused(.badAttribute)),
    binary(
      "a specversion header of 1", without: "ce_specversion", with: [Header("ce_specversion", "1")],
      .refused(.badAttribute)),
    binary(
      "a header with JSON's quotes is its own text", without: "ce_subject", with: [Header("ce_subject", "\"q\"")],
      rows: [.calls("\"q\"")]),
    binary(
      "a header in percents is its own text", without: "ce_subject", with: [Header("ce_subject", "Euro%20%E2%82%AC")],
      rows: [.calls("Euro%20%E2%82%AC")]),
    // The decoder's word: any ce_ header with a value makes a record a binary one.
    HostileRecord(
      "a structured event with one ce_ header", bytes: Array(text(of: "x").utf8), headers: [Header("ce_other", "1")],
      [.refused(.notCloudEvent)]),
    HostileRecord(
      "a structured event with headers that are none of ours",
      bytes: Array(text(of: "a structured event with headers that are none of ours").utf8),
      headers: [
        Header("ce-id", "1"), Header("CE_id", "2"), Header("ce_id", bytes: nil), Header("c", "3"), Header("", "4"),
      ],
      [.counted], rows: [.calls("a structured event with headers that are none of ours")]),
    HostileRecord(
      "every odd header comes back", bytes: Array("{".utf8),
      headers: [
        Header("", ""), Header("null", bytes: nil), Header("all", bytes: [UInt8](0...255)), Header("twice", "1"),
        Header("twice", "2"), Header("a \"name\" \\N \t\r\n \u{202E}\u{1F600}", "\\."), Header("e\u{301}", "\u{E9}"),
        Header("{a,b}", "{\"c\",NULL}"),
      ], [.refused(.notJSON)]),
  ]

  private func compressed(_ data: String) -> HostileRecord {
    var record = self
    record.value = ZstdBytes(data).bytes
    record.rows = [.calls(name, d: "x")]
    return record
  }

  static let batches: [HostileRecord] = [
    HostileRecord("an empty batch", bytes: Array("[]".utf8), []),
    HostileRecord("an empty batch with blanks", bytes: Array(" [\r\n\t] ".utf8), []),
    HostileRecord(
      "a batch of two", bytes: Array("[\(text(of: "first of two")), \(text(of: "second of two"))]".utf8),
      [.counted, .counted],
      rows: [.calls("first of two"), .calls("second of two")]),
    HostileRecord(
      "a batch of what are no events", bytes: Array(#"[ 1,"a\tb" ,null, true,[],[ [1] ],{},{"id": 1 } ]"#.utf8),
      ["1", #""a\tb""#, "null", "true", "[]", "[ [1] ]", "{}", #"{"id": 1 }"#].map {
        .quarantined(.notCloudEvent, payload: Array($0.utf8))
      }),
    HostileRecord(
      "a batch in a batch", bytes: Array("[[\(text(of: "x"))]]".utf8),
      [.quarantined(.notCloudEvent, payload: Array("[\(text(of: "x"))]".utf8))]),
    HostileRecord(
      "a bad one between good ones",
      bytes: Array(
        "[\(text(of: "before the bad one")),\n\(text(of: "x", ["id": "\"\""])),\(text(of: "behind the bad one"))]".utf8),
      [.counted, .quarantined(.badAttribute, payload: Array(text(of: "x", ["id": "\"\""]).utf8)), .counted],
      rows: [.calls("before the bad one"), .calls("behind the bad one")]),
    HostileRecord(
      "the same event twice in a batch",
      bytes: Array("[\(text(of: "twice in a batch")),\(text(of: "twice in a batch"))]".utf8), [.counted, .duplicate],
      rows: [.calls("twice in a batch")]),
    HostileRecord(
      "a conflict within a batch",
      bytes: Array("[\(text(of: "in a batch")),\(text(of: "in a batch", ["data": #"{"d":"o"}"#]))]".utf8),
      [.counted, .conflict(with: "a conflict within a batch", tenant: "in a batch")], rows: [.calls("in a batch")]),
    HostileRecord(
      "a void within a batch",
      bytes: Array(
        "[\(text(of: "taken back")),\(text(of: "taken back", ["id": "\"2\"", "correction": "\"void\"", "corrects": "\"1\""]))]"
          .utf8), [.counted, .voided], rows: [.calls("taken back", 0)]),
    HostileRecord(
      "a batch that breaks off behind a good one", "[\(text(of: "never counted")),{", .refused(.notJSON)),
    HostileRecord(
      "a batch with a stray byte behind a good one",
      bytes: Array("[\(text(of: "never counted")),\"".utf8) + [0xFF] + Array("\"]".utf8),
      [.refused(.badEncoding)]),
    HostileRecord(
      "a batch, compressed", bytes: ZstdBytes("[\(text(of: "in a compressed batch")),7]").bytes,
      headers: [Header("content-encoding", "zstd")],
      [.counted, .quarantined(.notCloudEvent, payload: Array("7".utf8))], rows: [.calls("in a compressed batch")]),
    HostileRecord(
      "1000 events in one batch",
      bytes: Array(
        "[\((0..<1_000).map { "{\"specversion\":\"1.0\",\"id\":\"\($0)\",\"source\":\"\",\"x\":0}" }.joined(separator: ","))]"
          .utf8),
      (0..<1_000).map {
        .quarantined(
          .notCloudEvent, payload: Array("{\"specversion\":\"1.0\",\"id\":\"\($0)\",\"source\":\"\",\"x\":0}".utf8))
      }),
  ]
}
