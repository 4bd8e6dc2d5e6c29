/// Who writes events, each in its own way: three CloudEvents libraries differ in the order of members, in blanks, and in how they
/// write an instant. A topic that many services write to has all of them mixed.
enum Producer: Int, CaseIterable {
  /// sdk-go: the attributes in a fixed order, no blanks, always the payload's content type, as many fraction digits as there are.
  case go
  /// sdk-javascript: the id and the time first, milliseconds.
  case javascript
  /// sdk-python, which writes through `json.dumps`: a blank behind every colon and comma, microseconds, `+00:00`.
  case python

  /// How many of a hundred events are written so.
  var percent: Int {
    switch self {
    case .go: 50
    case .javascript: 30
    case .python: 20
    }
  }

  static func drawn(_ draw: inout Draw) -> Producer {
    var left = draw.below(100)
    for producer in allCases {
      if left < producer.percent { return producer }
      left -= producer.percent
    }
    return .go
  }

  var attributes: [UsageEvent.Attribute] {
    switch self {
    case .go: [.specversion, .id, .source, .type, .subject, .datacontenttype, .time, .data]
    case .javascript: [.id, .time, .type, .source, .specversion, .subject, .data]
    case .python: [.specversion, .id, .source, .type, .subject, .time, .data]
    }
  }

  var colon: [UInt8] { Array((self == .python ? ": " : ":").utf8) }
  var comma: [UInt8] { Array((self == .python ? ", " : ",").utf8) }

  /// Objects of JavaScript keep the order in which somebody thought of the members; the others follow a definition.
  func ordered(_ members: [UsageEvent.Member]) -> [UsageEvent.Member] {
    self == .javascript ? members.reversed() : members
  }

  var fractionDigits: Int {
    switch self {
    case .go: 9
    case .javascript: 3
    case .python: 6
    }
  }

  var zulu: [UInt8] { Array((self == .python ? "+00:00" : "Z").utf8) }
}
