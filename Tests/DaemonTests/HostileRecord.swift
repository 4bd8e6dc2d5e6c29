import Foundation

/// A record that somebody may send, with everything that must become of it.
///
/// What is expected was decided from the contract, not by looking at what the daemon does; where the contract is silent, from
/// what the decoder's own comments promise, and then the table says so. The tables are in the files `HostileRecord+….swift`.
struct HostileRecord: Sendable {
  enum Reason: String, Sendable {
    case notJSON = "not_json"
    case notCloudEvent = "not_cloudevent"
    case badAttribute = "bad_attribute"
    case badValue = "bad_value"
    case badDimension = "bad_dimension"
    case tooOld = "too_old"
    case inFuture = "in_future"
    case overflow
    case voidUnknown = "void_unknown"
    case voidTwice = "void_twice"
    case voidUnsupported = "void_unsupported"
    case badEncoding = "bad_encoding"
    case tooLarge = "too_large"
  }

  enum Verdict: Sendable {
    case counted
    case duplicate
    case voided
    case unmetered
    /// With the record of that name; the three texts are what the view must show.
    case conflict(with: String, tenant: String, source: String = "s", id: String = "1")
    /// Kept with these bytes; nil is the value as it was sent, without one no bytes.
    case quarantined(Reason, payload: [UInt8]? = nil)

    static func refused(_ reason: Reason) -> Verdict { .quarantined(reason) }
  }

  struct Header: Sendable {
    var name: String
    var value: [UInt8]?

    init(_ name: String, _ value: String) {
      self.init(name, bytes: Array(value.utf8))
    }

    init(_ name: String, bytes: [UInt8]?) {
      self.name = name
      value = bytes
    }
  }

  /// A row of `meterd.usage` as it must be in the end.
  struct Row: Sendable {
    var tenant: String
    var meter: String
    var quantity: String
    var events = 1
    var dimensions: [String: String] = [:]
    /// Where its window starts, seconds since 1970.
    var start = HostileRecord.base

    /// Of the count meter with the dimension `d`.
    static func calls(
      _ tenant: String, d: String = "", _ quantity: Int = 1, events: Int? = nil, start: Int = HostileRecord.base
    ) -> Row {
      Row(
        tenant: tenant, meter: "calls", quantity: "\(quantity)", events: events ?? quantity, dimensions: ["d": d],
        start: start)
    }

    /// Of the sum meter of scale 9.
    static func total(_ tenant: String, _ quantity: String, events: Int = 1) -> Row {
      Row(tenant: tenant, meter: "total", quantity: quantity, events: events)
    }
  }

  /// The start of the hour before the last whole one: nothing here is near the machine's clock unless it says so.
  static let base = Int(Date().timeIntervalSince1970) / 3600 * 3600 - 7200
  /// `events.max_size` of the daemon that gets these.
  static let sizeMax = 65_536

  static let catalog = """
    meters:
      - { name: calls, event: call, aggregate: count, dimensions: [d] }
      - { name: total, event: sum, aggregate: sum, value: n, scale: 9 }
      - { name: whole, event: whole, aggregate: sum, value: n, scale: 0 }
      - { name: fine, event: fine, aggregate: sum, value: n, scale: 12 }
      - { name: deep, event: deep, aggregate: sum, value: a.b.n, scale: 3, dimensions: [a.d] }
      - { name: both_calls, event: both, aggregate: count }
      - { name: both_total, event: both, aggregate: sum, value: n, scale: 2, dimensions: [d] }
      - { name: peak, event: peak, aggregate: max, value: n }
      - { name: users, event: visit, aggregate: unique, value: u }

    """

  /// Also its tenant, unless the table says otherwise.
  var name: String
  var key: [UInt8]?
  var headers: [Header]
  /// The Kafka timestamp in milliseconds since 1970.
  var timestampMs: Int64
  var value: [UInt8]?
  /// One for each event that it holds.
  var verdicts: [Verdict]
  /// Rows that its counting begins, in their final state.
  var rows: [Row]

  /// Milliseconds after `base`.
  init(
    _ name: String, bytes: [UInt8]?, headers: [Header] = [], at ms: Int64 = 0, _ verdicts: [Verdict], rows: [Row] = []
  ) {
    self.name = name
    self.headers = headers
    self.value = bytes
    self.verdicts = verdicts
    self.rows = rows
    key = Array(name.utf8)
    timestampMs = Int64(HostileRecord.base) * 1_000 + ms
  }

  /// A record that is one text, and one event.
  init(_ name: String, _ text: String, headers: [Header] = [], _ verdict: Verdict, rows: [Row] = []) {
    self.init(name, bytes: Array(text.utf8), headers: headers, [verdict], rows: rows)
  }

  /// A structured event of type `call` with these members changed (nil takes one away), counted unless said otherwise.
  static func event(
    _ name: String, _ changes: KeyValuePairs<String, String?> = [:], at ms: Int64 = 0, _ verdict: Verdict = .counted,
    rows: [Row]? = nil
  ) -> HostileRecord {
    var counted: [Row] = []
    if case .counted = verdict { counted = [.calls(name)] }
    return HostileRecord(
      name, bytes: Array(text(of: name, changes).utf8), at: ms, [verdict], rows: rows ?? counted)
  }

  /// The members are raw JSON, in the order in which they are named here.
  static func text(of tenant: String, _ changes: KeyValuePairs<String, String?> = [:]) -> String {
    var members: [(String, String)] = [
      ("specversion", "\"1.0\""), ("id", "\"1\""), ("source", "\"s\""), ("type", "\"call\""),
      ("subject", quoted(tenant)),
    ]
    for (name, text) in changes {
      members.removeAll { $0.0 == name }
      if let text { members.append((name, text)) }
    }
    return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  /// A JSON string with nothing escaped that need not be.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\0"..." ":
        quoted += scalar == " " ? " " : "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
